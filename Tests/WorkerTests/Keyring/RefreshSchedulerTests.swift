// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("RefreshScheduler")
struct RefreshSchedulerTests {
    private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: UInt64((1_000 + seconds) * 1e9)) }

    private func scheduler(interval: Duration = .seconds(300)) -> RefreshScheduler {
        RefreshScheduler(interval: interval, demandInterval: .seconds(10), now: at(0))
    }

    @Test func fetchesAtOnceThenAtTheInterval() {
        var scheduler = scheduler()
        #expect(scheduler.nextFetch == at(0))
        #expect(scheduler.begin(now: at(0)) == true)
        #expect(scheduler.nextFetch == nil)
        #expect(scheduler.begin(now: at(1)) == false)
        #expect(scheduler.succeeded(now: at(2), jitter: 0) == false)
        #expect(scheduler.nextFetch == at(302))
        #expect(scheduler.begin(now: at(301)) == false)
        #expect(scheduler.begin(now: at(302)) == true)
        #expect(scheduler.succeeded(now: at(302), jitter: 0.5) == false)
        #expect(scheduler.nextFetch == at(302 + 285))
    }

    @Test func backsOffExponentially() {
        var scheduler = scheduler()
        var waits: [Duration] = []
        for _ in 0..<9 {
            guard let next = scheduler.nextFetch else { break }
            #expect(scheduler.begin(now: next) == true)
            waits.append(scheduler.failed(now: next, jitter: 0))
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        #expect(scheduler.failures == 9)
    }

    @Test func jitterTakesHalfAtMost() {
        var scheduler = scheduler()
        #expect(scheduler.begin(now: at(0)) == true)
        #expect(scheduler.failed(now: at(0), jitter: 0.5) == .milliseconds(750))
    }

    @Test func neverBacksOffBeyondTheInterval() {
        var scheduler = scheduler(interval: .seconds(5))
        for _ in 0..<9 {
            guard let next = scheduler.nextFetch else { break }
            #expect(scheduler.begin(now: next) == true)
            #expect(scheduler.failed(now: next, jitter: 0) <= .seconds(5))
        }
    }

    @Test func anUnknownKeyBringsAFetchForward() {
        var scheduler = scheduler()
        #expect(scheduler.begin(now: at(0)) == true)
        _ = scheduler.succeeded(now: at(0), jitter: 0)
        scheduler.demand(now: at(20))
        #expect(scheduler.begin(now: at(20)) == true)
        #expect(scheduler.succeeded(now: at(20), jitter: 0) == true)
        #expect(scheduler.nextFetch == at(320))
    }

    /// The second one is put off, not dropped: its key may be a real one.
    @Test func unknownKeysAreRateLimited() {
        var scheduler = scheduler()
        #expect(scheduler.begin(now: at(0)) == true)
        _ = scheduler.succeeded(now: at(0), jitter: 0)
        scheduler.demand(now: at(20))
        #expect(scheduler.begin(now: at(20)) == true)
        _ = scheduler.succeeded(now: at(20), jitter: 0)
        for second in 21..<29 {
            scheduler.demand(now: at(Double(second)))
            #expect(scheduler.begin(now: at(Double(second))) == false)
        }
        #expect(scheduler.nextFetch == at(30))
        #expect(scheduler.begin(now: at(30)) == true)
    }

    /// A request that came when the last such fetch had just begun lives to see the next one.
    @Test func theLimitForUnknownKeysIsLessThanARequestWaits() {
        for (identity, interval) in [(5.0, 2.5), (1, 0.5), (0.1, 0.5), (60, 10)] {
            #expect(RefreshScheduler.demandInterval(identity: .seconds(identity)) == .seconds(interval))
        }
    }

    @Test func aFetchUnderWayAnswersADemand() {
        var scheduler = scheduler()
        #expect(scheduler.begin(now: at(0)) == true)
        scheduler.demand(now: at(1))
        #expect(scheduler.succeeded(now: at(2), jitter: 0) == true)
        scheduler.demand(now: at(3))
        #expect(scheduler.nextFetch == at(11))
    }

    @Test func aDemandDoesNotStormAProviderThatIsDown() {
        var scheduler = scheduler()
        var now = at(0)
        for _ in 0..<8 {
            now = scheduler.nextFetch ?? now
            #expect(scheduler.begin(now: now) == true)
            _ = scheduler.failed(now: now, jitter: 0)
        }
        scheduler.demand(now: now + .seconds(1))
        #expect(scheduler.begin(now: now + .seconds(1)) == true)
        _ = scheduler.failed(now: now + .seconds(1), jitter: 0)
        scheduler.demand(now: now + .seconds(2))
        #expect(scheduler.nextFetch == now + .seconds(11))
    }
}
