// SPDX-License-Identifier: Apache-2.0

/// Which connection carries a new stream, and when another is opened. Pure.
///
/// Streams are packed: the fullest connection that has room takes the next one, so that few connections carry many
/// watches and those that are not needed any more become idle and end. One whose server does not take what we send is
/// the last choice.
enum StreamPlacementPolicy {
    /// A connection that takes new streams.
    struct Candidate: Equatable {
        /// Open now.
        let streams: Int
        /// Open at most, by the server's SETTINGS and our own bound.
        let limit: Int
        /// Bytes wait that the server does not take.
        let isBlocked: Bool
    }

    enum Decision: Equatable {
        /// The candidate at this place.
        case use(Int)
        /// Another connection is needed for it.
        case open
        /// It waits: for connections that are being set up and will have room, or for a stream to end.
        case wait
    }

    /// - Parameters:
    ///   - candidates: those that take new streams.
    ///   - connecting: connections that are being set up, and `expected`, the streams that each will probably carry.
    ///   - waiting: requests that wait already, and come before this one.
    ///   - mayOpen: the bound on connections is not reached.
    static func place(
        candidates: some Sequence<Candidate>, connecting: Int, expected: Int, waiting: Int, mayOpen: Bool
    ) -> Decision {
        var best: (place: Int, candidate: Candidate)?
        for (place, candidate) in candidates.enumerated() where candidate.streams < candidate.limit {
            if let best, !isBetter(candidate, than: best.candidate) { continue }
            best = (place, candidate)
        }
        if let best { return .use(best.place) }
        if connecting * expected > waiting { return .wait }
        return mayOpen ? .open : .wait
    }

    private static func isBetter(_ one: Candidate, than other: Candidate) -> Bool {
        if one.isBlocked != other.isBlocked { return other.isBlocked }
        return one.streams > other.streams
    }
}
