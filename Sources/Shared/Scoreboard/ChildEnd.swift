// SPDX-License-Identifier: Apache-2.0

/// Why a child was replaced, for the counters: its place in `PanelTable.recycles`. New ones go at the end: the order is the
/// layout. (4, 5 and 7 once counted ordinary ends, which say nothing.)
package enum ChildEnd: Int, CaseIterable, Sendable {
    /// By itself, or by a signal that was not ours.
    case died = 0
    case startDeadline = 1
    case protocolError = 2
    case hung = 3
    case channelLost = 6
    case memoryHard = 8
    // It was told to drain after another had taken its place, for one of these reasons.
    case inFlight = 9
    case orphans = 10
    case memorySoft = 11
    case maxRequests = 12
    case maxAge = 13
    case roll = 14
    /// It spoke another version of the control protocol.
    case versionSkew = 15

    /// The label's value.
    package var name: String {
        switch self {
        case .died: "died"
        case .startDeadline: "start_deadline"
        case .protocolError: "protocol_error"
        case .hung: "hung"
        case .channelLost: "channel_lost"
        case .memoryHard: "memory_hard"
        case .inFlight: "in_flight"
        case .orphans: "orphans"
        case .memorySoft: "memory_soft"
        case .maxRequests: "max_requests"
        case .maxAge: "max_age"
        case .roll: "roll"
        case .versionSkew: "version_skew"
        }
    }
}
