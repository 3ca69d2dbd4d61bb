// SPDX-License-Identifier: Apache-2.0

import Shared

/// When each of a draining worker's streams (watches, followed logs) ends. Pure.
///
/// They are spread evenly over the drain, each at a random place within its share, so that their clients do not come
/// back all at once, to this gateway or to the API server.
struct DrainScheduler: Equatable, Sendable {
    /// The last part of the drain is left to those that are in the middle of an item when their time comes.
    static let part = 0.9

    private let begin: Instant
    private let span: Duration
    private var state: UInt64

    /// - Parameter seed: differing between workers.
    init(begin: Instant, deadline: Instant, seed: UInt64) {
        self.begin = begin
        span = max(.zero, deadline.since(begin)) * Self.part
        state = seed
    }

    /// One time for each of so many streams, in order.
    mutating func times(_ count: Int) -> [Instant] {
        (0..<count).map { index in begin + span * ((Double(index) + chance()) / Double(count)) }
    }

    /// The time of one that began only now: any in what is left.
    mutating func time(now: Instant) -> Instant {
        let left = max(.zero, (begin + span).since(now))
        return now + left * chance()
    }

    /// From 0 to below 1 (SplitMix64).
    private mutating func chance() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        value ^= value >> 31
        return Double(value >> 11) / 9_007_199_254_740_992
    }
}
