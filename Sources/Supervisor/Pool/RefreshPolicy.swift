// SPDX-License-Identifier: Apache-2.0

import Shared

/// When the keyring is told to fetch keys anew because workers met a key that they do not know: at most once a second,
/// however many ask, and nobody who asked is forgotten. Pure.
struct RefreshPolicy {
    static let interval = Duration.seconds(1)

    private var last: Instant?
    private var planned: Instant?

    enum Decision: Equatable, Sendable {
        case now
        case at(Instant)
        case alreadyPlanned
    }

    mutating func wanted(_ now: Instant) -> Decision {
        if planned != nil { return .alreadyPlanned }
        if let last, now.since(last) < Self.interval {
            let time = last + Self.interval
            planned = time
            return .at(time)
        }
        last = now
        return .now
    }

    var isPlanned: Bool { planned != nil }

    /// Whether there is a planned time and it has come.
    func isDue(_ now: Instant) -> Bool { planned.map { now >= $0 } ?? false }

    /// The planned time has come.
    mutating func due(_ now: Instant) {
        planned = nil
        last = now
    }
}
