// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// When one issuer's keys are fetched: at once, then at an interval; sooner after a failure (exponential back-off) and
/// when a worker met an unknown key (rate-limited). Pure: time and jitter are arguments.
struct RefreshScheduler: Equatable {
    static let firstBackoff = Duration.seconds(1)
    static let longestBackoff = Duration.seconds(60)
    private static let demandIntervals = Duration.milliseconds(500)...Duration.seconds(10)

    /// How far apart fetches begin at least that unknown keys ask for: half of the time that a request waits for its
    /// identity. So a token that names a key of its own invention makes no other wait in vain, whose key is new.
    static func demandInterval(identity: Duration) -> Duration {
        min(max(identity / 2, demandIntervals.lowerBound), demandIntervals.upperBound)
    }

    private enum State: Equatable {
        case waiting(until: Instant)
        case fetching
    }

    private let interval: Duration
    private let demandInterval: Duration
    private var state: State
    private var lastDemanded: Instant?
    private var isDemanded = false
    /// Failures since the last success.
    private(set) var failures = 0

    init(interval: Duration, demandInterval: Duration, now: Instant) {
        self.interval = interval
        self.demandInterval = demandInterval
        state = .waiting(until: now)
    }

    /// When `begin` is due; nil while a fetch is under way.
    var nextFetch: Instant? {
        if case .waiting(let until) = state { until } else { nil }
    }

    /// Begins a fetch if one is due.
    mutating func begin(now: Instant) -> Bool {
        guard case .waiting(let until) = state, until <= now else { return false }
        if isDemanded { lastDemanded = now }
        state = .fetching
        return true
    }

    /// A worker met a key that the published set does not hold. Brings the next fetch forward, to the earliest moment
    /// that the limit allows; a fetch under way answers it as well.
    mutating func demand(now: Instant) {
        isDemanded = true
        guard case .waiting(let until) = state else {
            lastDemanded = now
            return
        }
        let earliest = lastDemanded.map { max(now, $0 + demandInterval) } ?? now
        state = .waiting(until: min(until, earliest))
    }

    /// Trust material has changed: the next fetch is due now.
    mutating func expedite(now: Instant) {
        if case .waiting = state { state = .waiting(until: now) }
    }

    /// The fetch brought keys, which are good for `interval` if the provider says so. Whether somebody had asked for it.
    mutating func succeeded(now: Instant, jitter: Double, interval: Duration? = nil) -> Bool {
        failures = 0
        defer { isDemanded = false }
        // A tenth less at most, so that many gateways do not ask one provider in step.
        let next = now + Self.scaled(interval ?? self.interval, 1 - jitter / 10)
        state = .waiting(until: DeliberateFault.isOn(.refreshForgotten) ? .never : next)
        return isDemanded
    }

    /// The fetch failed; the time until the next. `jitter` (0 ..< 1) takes up to half of the back-off away.
    mutating func failed(now: Instant, jitter: Double) -> Duration {
        failures += 1
        let doublings = min(failures - 1, 6)
        let backoff = min(Self.firstBackoff * (1 << doublings), Self.longestBackoff)
        let wait = min(Self.scaled(backoff, 1 - jitter / 2), interval)
        state = .waiting(until: now + wait)
        return wait
    }

    private static func scaled(_ duration: Duration, _ factor: Double) -> Duration {
        .nanoseconds(Int64(Double(duration.nanoseconds) * factor))
    }
}
