// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("What an HTTP/2 connection may cost")
struct AbuseBudgetTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test("It ends at its bottom, says what for, and never comes back")
    func bottom() {
        var budget = AbuseBudget(now: start)
        for _ in 0..<(AbuseBudget.capacity / 10) {
            #expect(budget.spend(10, on: .rapidReset, now: start) == true)
        }
        #expect(budget.exhaustedBy == nil)
        #expect(budget.spend(1, on: .controlFlood, now: start) == false)
        #expect(budget.exhaustedBy == .controlFlood)
        budget.earn(AbuseBudget.capacity)
        #expect(budget.spend(1, on: .emptyFrames, now: start + .seconds(60)) == false)
        #expect(budget.exhaustedBy == .controlFlood)
    }

    @Test("Time fills it, by small steps as by large ones, and never above its brim")
    func refill() {
        for step in [Duration.milliseconds(1), .milliseconds(7), .seconds(1), .seconds(2)] {
            var budget = AbuseBudget(now: start)
            #expect(budget.spend(AbuseBudget.capacity, on: .headFlood, now: start) == true)
            var now = start
            while now < start + .seconds(2) {
                now = now + step
                _ = budget.spend(0, on: .headFlood, now: now)
            }
            let elapsed = Int(now.since(start).nanoseconds / 1_000_000)
            #expect(budget.spend(AbuseBudget.perSecond * elapsed / 1_000, on: .headFlood, now: now) == true, "\(step)")
            #expect(budget.spend(2, on: .headFlood, now: now) == false, "\(step)")
        }
        var idle = AbuseBudget(now: start)
        #expect(idle.spend(AbuseBudget.capacity, on: .headFlood, now: start + .seconds(3_600)) == true)
        #expect(idle.spend(1, on: .headFlood, now: start + .seconds(3_600)) == false)
    }

    @Test("A client that resets as many requests as it lets be served goes on for ever")
    func served() {
        var budget = AbuseBudget(now: start)
        for _ in 0..<100_000 {
            budget.earn(AbuseBudget.served)
            #expect(budget.spend(10, on: .rapidReset, now: start) == true)
        }
    }

    @Test("The less is left, the fewer requests begin in one turn, and one always does")
    func beginsPerTurn() {
        var budget = AbuseBudget(now: start)
        #expect(budget.beginsPerTurn == HTTP2Limits.beginsPerTurn)
        var last = budget.beginsPerTurn
        var resets = 0
        while budget.spend(10 + AbuseBudget.lateResetCost, on: .rapidReset, now: start) {
            resets += 1
            #expect(budget.beginsPerTurn <= last && budget.beginsPerTurn >= 1)
            last = budget.beginsPerTurn
        }
        // All requests that a connection can hold may be left at once.
        #expect(resets == 142 && resets > HTTP2Limits.concurrentStreams && last == 1)
    }

    @Test("What each frame costs")
    func prices() {
        func price(_ type: HTTP2FrameHeader.Kind, _ flags: UInt8 = 0, _ length: Int = 8) -> Int? {
            AbuseBudget.price(of: HTTP2FrameHeader(type: type, flags: flags, length: length))?.cost
        }
        #expect(price(.headers) == nil && price(.data) == nil)
        #expect(price(.data, 0, 0) == 10)
        // An empty frame that ends its stream is how bodies end.
        #expect(price(.data, 1, 0) == nil)
        #expect(price(.data, 8) == 2)
        #expect(price(.ping) == 10 && price(.ping, 1) == 2)
        #expect(price(.settings) == 20 && price(.settings, 1) == 5)
        #expect(price(.resetStream) == 10 && price(.continuation) == 10 && price(.other) == 5)
        #expect(price(.priority) == 2 && price(.windowUpdate) == 1 && price(.goAway) == 10)
        // Whoever takes what we send pays for its WINDOW_UPDATEs with that.
        #expect(AbuseBudget.earnedBySending(16_384) > 1)
    }
}
