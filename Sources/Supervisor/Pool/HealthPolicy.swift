// SPDX-License-Identifier: Apache-2.0

import Shared

/// What a worker's figures, seen from outside, say of it. Pure.
enum HealthPolicy {
    /// A heartbeat older than this is lost. A loop stamps it at least once a second.
    static let heartbeatAllowance = Duration.seconds(10)
    /// A worker whose heartbeat is older than this is given no connections until it stamps again.
    static let sluggishAfter = Duration.milliseconds(2_500)
    /// How often the supervisor looks.
    static let interval = Duration.seconds(1)

    enum Verdict: Equatable, Sendable {
        case healthy
        case sluggish
        case hung
    }

    /// `heartbeat` is zero until the process has first stamped it; until then its start deadline rules.
    static func judge(heartbeat: Instant, now: Instant) -> Verdict {
        guard heartbeat != .zero else { return .healthy }
        let age = now.since(heartbeat)
        return age > heartbeatAllowance ? .hung : age > sluggishAfter ? .sluggish : .healthy
    }
}
