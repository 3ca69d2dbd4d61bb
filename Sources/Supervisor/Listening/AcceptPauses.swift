// SPDX-License-Identifier: Apache-2.0

/// How often accepting paused, by reason. Pure. It is looked at in each turn, so that it is numbers and not a dictionary.
struct AcceptPauses: Equatable, Sendable {
    enum Reason: Int, CaseIterable, Sendable {
        case connectionsHeld
        case noCredits
        case tooManyUnclaimed
        case descriptors

        /// The label of a metric, and the name in a saved state: added to, never renamed.
        var name: String {
            switch self {
            case .connectionsHeld: "connections_held"
            case .noCredits: "no_credits"
            case .tooManyUnclaimed: "unclaimed"
            case .descriptors: "descriptors"
            }
        }
    }

    private var connectionsHeld: UInt64 = 0
    private var noCredits: UInt64 = 0
    private var tooManyUnclaimed: UInt64 = 0
    private var descriptors: UInt64 = 0
    private var current: Reason?

    private(set) subscript(reason: Reason) -> UInt64 {
        get {
            switch reason {
            case .connectionsHeld: connectionsHeld
            case .noCredits: noCredits
            case .tooManyUnclaimed: tooManyUnclaimed
            case .descriptors: descriptors
            }
        }
        set {
            switch reason {
            case .connectionsHeld: connectionsHeld = newValue
            case .noCredits: noCredits = newValue
            case .tooManyUnclaimed: tooManyUnclaimed = newValue
            case .descriptors: descriptors = newValue
            }
        }
    }

    /// By the reasons' names; those that never came are left out.
    var counts: [String: UInt64] {
        var counts: [String: UInt64] = [:]
        for reason in Reason.allCases where self[reason] > 0 { counts[reason.name] = self[reason] }
        return counts
    }

    /// What was decided at a turn's end; a pause is counted when it begins, and when its reason becomes another.
    mutating func note(_ decision: AcceptPolicy.Decision) {
        var reason: Reason?
        if case .pause(let pause) = decision { reason = pause.reason }
        guard reason != current else { return }
        current = reason
        if let reason { self[reason] += 1 }
    }

    /// Counts on from what the program before had.
    mutating func restore(_ saved: [String: UInt64]) {
        for reason in Reason.allCases { self[reason] = saved[reason.name] ?? 0 }
    }
}
