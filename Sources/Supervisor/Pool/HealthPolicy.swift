// SPDX-License-Identifier: Apache-2.0

import Shared

/// What a worker's figures, seen from outside, say of it. Pure.
struct HealthPolicy {
    /// A heartbeat older than this is lost. A loop stamps it at least once a second.
    static let heartbeatAllowance = Duration.seconds(10)
    /// A worker whose heartbeat is older than this is given no connections until it stamps again.
    static let sluggishAfter = Duration.milliseconds(2_500)
    /// How often the supervisor looks.
    static let interval = Duration.seconds(1)
    /// Looks further apart than this: the supervisor itself did not run, and perhaps nobody did (`systemctl freeze`, SIGSTOP
    /// for all). Then old heartbeats say nothing of their workers.
    static let longestGap = Duration.seconds(3)

    enum Verdict: Equatable, Sendable {
        case healthy
        case sluggish
        case hung
    }

    private var lastLook: Instant
    /// Nobody is called hung before.
    private var trustedFrom = Instant.zero

    /// - Parameter now: the supervisor begins to look about now.
    init(_ now: Instant) { lastLook = now }

    /// The supervisor looks at all workers now.
    mutating func looks(_ now: Instant) {
        if now.since(lastLook) > Self.longestGap { trustedFrom = now + Self.heartbeatAllowance }
        lastLook = now
    }

    /// `heartbeat` is zero until the process has first stamped it; until then its start deadline rules.
    func judge(heartbeat: Instant, now: Instant) -> Verdict {
        guard heartbeat != .zero else { return .healthy }
        let age = now.since(heartbeat)
        if age > Self.heartbeatAllowance, now >= trustedFrom { return .hung }
        return age > Self.sluggishAfter ? .sluggish : .healthy
    }
}
