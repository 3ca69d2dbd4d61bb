// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("When the streams of a draining worker end")
struct DrainSchedulerTests {
    private static let begin = Instant.zero + .seconds(1_000)

    @Test("They are spread over the drain, one in each share", arguments: [1, 2, 10, 500], [1, 7, 99] as [UInt64])
    func spread(count: Int, seed: UInt64) {
        var scheduler = DrainScheduler(begin: Self.begin, deadline: Self.begin + .seconds(30), seed: seed)
        let times = scheduler.times(count).map { $0.since(Self.begin).milliseconds }
        #expect(times.count == count)
        #expect(times == times.sorted())
        let share = 30_000 * DrainScheduler.part / Double(count)
        for (index, time) in times.enumerated() {
            #expect(time >= share * Double(index) - 1 && time <= share * Double(index + 1) + 1)
        }
    }

    @Test("Workers that begin together do not end their streams together")
    func jitter() {
        let first = (1...20).map { (seed: UInt64) in
            var scheduler = DrainScheduler(begin: Self.begin, deadline: Self.begin + .seconds(30), seed: seed)
            return scheduler.times(3)
        }
        #expect(Set(first.map { $0[0] }).count == 20)
    }

    @Test("One that begins later ends in what is left, and at once when nothing is")
    func late() {
        var scheduler = DrainScheduler(begin: Self.begin, deadline: Self.begin + .seconds(10), seed: 5)
        for second in 0..<9 {
            let now = Self.begin + .seconds(second)
            let time = scheduler.time(now: now)
            #expect(time >= now && time <= Self.begin + .seconds(9))
        }
        let late = Self.begin + .seconds(11)
        #expect(scheduler.time(now: late) == late)
    }

    @Test("A deadline that has passed, and no streams at all")
    func edges() {
        var over = DrainScheduler(begin: Self.begin, deadline: .zero, seed: 1)
        #expect(over.times(3) == [Self.begin, Self.begin, Self.begin])
        #expect(over.times(0) == [])
    }
}
