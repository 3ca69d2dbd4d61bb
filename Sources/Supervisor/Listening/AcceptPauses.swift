// SPDX-License-Identifier: Apache-2.0

/// How often accepting paused, by reason. Pure.
struct AcceptPauses: Equatable, Sendable {
    /// Labels of a metric: added to, never renamed.
    enum Reason: String, CaseIterable, Sendable {
        case connectionsHeld = "connections_held"
        case noCredits = "no_credits"
        case tooManyUnclaimed = "unclaimed"
        case descriptors
    }

    /// By the reasons' names; those that never came are left out.
    private(set) var counts: [String: UInt64] = [:]
    private var current: Reason?

    subscript(reason: Reason) -> UInt64 { counts[reason.rawValue] ?? 0 }

    /// What was decided at a turn's end; a pause is counted when it begins, and when its reason becomes another.
    mutating func note(_ decision: AcceptPolicy.Decision) {
        var reason: Reason?
        if case .pause(let pause) = decision { reason = pause.reason }
        guard reason != current else { return }
        current = reason
        if let reason { counts[reason.rawValue, default: 0] += 1 }
    }

    /// Counts on from what the program before had.
    mutating func restore(_ saved: [String: UInt64]) { counts = saved }
}
