// SPDX-License-Identifier: Apache-2.0

/// Why a gateway worker was replaced: the keys of `recycles` in the status, and a label of its metric. They are an
/// interface: added to, never renamed.
enum RecycleReason: String, CaseIterable, Sendable, Codable {
    // Voluntary: the new one first, then the old one drains.
    case inFlight = "in_flight"
    case orphans
    case memorySoft = "memory_soft"
    case maxRequests = "max_requests"
    case maxAge = "max_age"
    /// A reload or a restart.
    case roll
    // Forced: the old one ends first.
    case memoryHard = "memory_hard"
    case hung
    case protocolError = "protocol_error"
    case startDeadline = "start_deadline"
    case channelLost = "channel_lost"
    case versionSkew = "version_skew"
    /// It ended by itself.
    case died

    /// What a process's end counts as; nil: it was told to end, and that was counted when it was told.
    init?(endedFor reason: SlotStateMachine.Reason?) {
        switch reason {
        case nil: self = .died
        case .startDeadline: self = .startDeadline
        case .protocolError: self = .protocolError
        case .hung: self = .hung
        case .channelLost: self = .channelLost
        case .memoryHard: self = .memoryHard
        case .versionSkew: self = .versionSkew
        case .drainDeadline, .forced: return nil
        }
    }
}
