// SPDX-License-Identifier: Apache-2.0

import Shared

/// How many connections may be accepted now. Pure. While the answer is none, the kernel's backlog is the queue.
struct AcceptPolicy {
    /// Connections taken in one turn of the loop at most, so that children and signals get their turn, too.
    static let perTurn = 64
    /// After EMFILE, ENFILE, ENOBUFS or ENOMEM nothing is accepted for so long: each try would fail, and the listener
    /// would stay readable.
    static let exhaustionPause = Duration.milliseconds(100)
    /// Descriptors that copies of connections never take: listeners, children (five each), control clients, /proc.
    static let reservedDescriptors = 256

    /// Why nothing is accepted.
    enum Pause: Equatable, Sendable {
        case stopping
        /// Connections wait for a worker already; a newer one may not overtake them.
        case connectionsHeld
        case noCredits
        case tooManyUnclaimed
        case descriptors(until: Instant)

        /// What it is counted as; nil: a stop is none.
        var reason: AcceptPauses.Reason? {
            switch self {
            case .stopping: nil
            case .connectionsHeld: .connectionsHeld
            case .noCredits: .noCredits
            case .tooManyUnclaimed: .tooManyUnclaimed
            case .descriptors: .descriptors
            }
        }
    }

    enum Decision: Equatable, Sendable {
        case accept(upTo: Int)
        case pause(Pause)
    }

    private(set) var stopping = false
    private var exhaustedUntil = Instant.zero

    mutating func stop() { stopping = true }

    mutating func descriptorsExhausted(_ now: Instant) { exhaustedUntil = now + Self.exhaustionPause }

    /// - Parameters:
    ///   - credits: connections that workers can be given.
    ///   - held: connections that wait for a worker.
    ///   - room: unclaimed connections that could still be kept, or take the place of older ones.
    func decide(credits: Int, held: Int, room: Int, now: Instant) -> Decision {
        if stopping { return .pause(.stopping) }
        if now < exhaustedUntil { return .pause(.descriptors(until: exhaustedUntil)) }
        if held > 0 { return .pause(.connectionsHeld) }
        if credits <= 0 { return .pause(.noCredits) }
        if room <= 0 { return .pause(.tooManyUnclaimed) }
        return .accept(upTo: min(Self.perTurn, credits, room))
    }

    /// Unclaimed connections that a process with so many descriptors may keep.
    static func unclaimedBound(descriptorLimit: Int) -> Int {
        min(4_096, max(16, (descriptorLimit - reservedDescriptors) / 2))
    }
}
