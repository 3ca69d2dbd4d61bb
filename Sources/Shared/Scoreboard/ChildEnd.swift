// SPDX-License-Identifier: Apache-2.0

/// Why a child's process ended, for the counters. New ones go at the end: the order is the layout.
package enum ChildEnd: Int, CaseIterable, Sendable {
    /// By itself, or by a signal that was not ours.
    case died
    case startDeadline
    case protocolError
    case hung
    case drainDeadline
    case forced
    case channelLost
    /// The gateway stops: it was told to drain, and did.
    case drained
    case memoryHard
    // It drained after another had taken its place, for one of these reasons.
    case inFlight
    case orphans
    case memorySoft
    case maxRequests
    case maxAge
    case roll

    /// The label's value.
    package var name: String {
        switch self {
        case .died: "died"
        case .startDeadline: "start_deadline"
        case .protocolError: "protocol_error"
        case .hung: "hung"
        case .drainDeadline: "drain_deadline"
        case .forced: "forced"
        case .channelLost: "channel_lost"
        case .drained: "drained"
        case .memoryHard: "memory_hard"
        case .inFlight: "in_flight"
        case .orphans: "orphans"
        case .memorySoft: "memory_soft"
        case .maxRequests: "max_requests"
        case .maxAge: "max_age"
        case .roll: "roll"
        }
    }
}
