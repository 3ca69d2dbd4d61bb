// SPDX-License-Identifier: Apache-2.0

import Shared

/// When the keyring is told to fetch an issuer's keys anew because workers met a key that they do not know: for each
/// issuer by itself at most once a second, however many ask, and nobody who asked is forgotten. Pure.
///
/// Issuers are places in the configuration, below `ControlProtocol.maxIssuers`; nil stands for all of them, asked for
/// together.
struct RefreshPolicy {
    static let interval = Duration.seconds(1)

    private struct Line {
        var last: Instant?
        var planned: Instant?
    }

    /// One for each issuer; the last one is that of all together.
    private var lines = [Line](repeating: Line(), count: ControlProtocol.maxIssuers + 1)

    enum Decision: Equatable, Sendable {
        case now
        case at(Instant)
        case alreadyPlanned
    }

    mutating func wanted(_ issuer: UInt16?, _ now: Instant) -> Decision {
        let place = issuer.map(Int.init) ?? ControlProtocol.maxIssuers
        if lines[place].planned != nil { return .alreadyPlanned }
        if let last = lines[place].last, now.since(last) < Self.interval {
            let time = last + Self.interval
            lines[place].planned = time
            return .at(time)
        }
        lines[place].last = now
        return .now
    }

    var isPlanned: Bool { lines.contains { $0.planned != nil } }

    /// Those whose planned time has come; it counts from now on.
    mutating func due(_ now: Instant) -> [UInt16?] {
        lines.indices.filter { place in
            guard let planned = lines[place].planned, now >= planned else { return false }
            lines[place] = Line(last: now)
            return true
        }.map { $0 < ControlProtocol.maxIssuers ? UInt16($0) : nil }
    }
}
