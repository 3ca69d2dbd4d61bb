// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// Whether an issuer's keys are asked for because a token names a key that is not at hand: however many tokens do, once
/// until keys come, and anew after a second without them. Pure.
struct KeyRequestPolicy: Equatable {
    static let interval = Duration.seconds(1)

    /// When each issuer's keys were asked for; no entry: not since keys came. As many as there are issuers at most.
    private var asked: [Int: Instant] = [:]

    mutating func wanted(_ issuer: Int, now: Instant) -> Bool {
        if let last = asked[issuer], now.since(last) < Self.interval { return false }
        asked[issuer] = now
        return true
    }

    /// Keys have come. Whether they were this issuer's, the next token tells.
    mutating func answered() { asked.removeAll(keepingCapacity: true) }
}
