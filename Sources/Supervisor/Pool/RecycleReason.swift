// SPDX-License-Identifier: Apache-2.0

/// Why a child was replaced: the keys of `recycles` in the status, and a label of its metric. They are an
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

    /// What a process's end counts as; nil: it went as it was told, and if another took its place that was counted then.
    init?(endedFor reason: SlotStateMachine.Reason?, wasToldToDrain: Bool, restarts: Bool) {
        switch reason {
        case nil where wasToldToDrain || !restarts: return nil
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
