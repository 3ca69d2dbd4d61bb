// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Shared

@Suite("Timer wheel")
struct TimerWheelTests {
    static let tick: UInt64 = 2_000_000
    static let horizon: UInt64 = 1 << 35

    /// Distances in ticks around every boundary of the levels, from a clock at several places of its turns.
    static let distances: [UInt64] = [
        0, 1, 2, 62, 63, 64, 65, 127, 128, 4_095, 4_096, 4_097, 262_143, 262_144, 16_777_217,
    ]
    static let clocks: [UInt64] = [
        0, 1, 63 * tick, 64 * tick - 1, 4_095 * tick, 123_456_789_012, (1 << 36) * tick - 3 * tick,
        3 * (1 << 36) * tick - 70 * tick, 4_611_686_018_427_387_904,
    ]

    @Test(arguments: clocks, distances)
    func firesAtItsTickAndNotBefore(clock: UInt64, distance: UInt64) throws {
        let wheel = TimerWheel(now: Instant(nanoseconds: clock))
        let deadline = Instant(nanoseconds: clock + distance * Self.tick)
        let due = Instant(nanoseconds: (deadline.nanoseconds + Self.tick - 1) / Self.tick * Self.tick)
        let handle = wheel.insert(at: deadline)
        if due.nanoseconds > clock {
            #expect(wheel.popExpired(now: Instant(nanoseconds: due.nanoseconds - 1)) == nil)
        }
        #expect(wheel.isWaiting(handle))
        #expect(try #require(wheel.nextDeadline()) <= due)
        #expect(wheel.popExpired(now: due) == Int(handle.index))
        #expect(!wheel.isWaiting(handle))
        #expect(wheel.count == 0)
        #expect(wheel.nextDeadline() == nil)
        #expect(wheel.popExpired(now: due + .seconds(100)) == nil)
    }

    @Test func oneSlotOfACoarseLevelHoldsSeveralTicks() {
        // Both wait in one slot of level 1; the first one moved down must not hide the other.
        let wheel = TimerWheel(now: .zero)
        let early = wheel.insert(at: Instant(nanoseconds: 67 * Self.tick))
        let late = wheel.insert(at: Instant(nanoseconds: 114 * Self.tick))
        #expect(wheel.popExpired(now: Instant(nanoseconds: 70 * Self.tick)) == Int(early.index))
        #expect(wheel.popExpired(now: Instant(nanoseconds: 70 * Self.tick)) == nil)
        #expect(wheel.isWaiting(late))
        #expect(wheel.popExpired(now: Instant(nanoseconds: 114 * Self.tick)) == Int(late.index))
    }

    @Test func handlesNeverMatchALaterTimer() {
        let wheel = TimerWheel(now: .zero)
        let first = wheel.insert(at: Instant(nanoseconds: 10 * Self.tick))
        #expect(wheel.cancel(first) == true)
        #expect(wheel.cancel(first) == false)
        let second = wheel.insert(at: Instant(nanoseconds: 20 * Self.tick))
        #expect(second.index == first.index)
        #expect(second != first)
        #expect(!wheel.isWaiting(first))
        #expect(wheel.cancel(first) == false)
        #expect(wheel.isWaiting(second))
        #expect(wheel.popExpired(now: Instant(nanoseconds: 15 * Self.tick)) == nil)
        #expect(wheel.popExpired(now: Instant(nanoseconds: 20 * Self.tick)) == Int(second.index))
        #expect(wheel.cancel(second) == false)
        #expect(wheel.cancel(.none) == false)
    }

    @Test func cancelTakesAnyPlaceOfASlotsList() {
        for victim in 0..<3 {
            let wheel = TimerWheel(now: .zero)
            let handles = (0..<3).map { _ in wheel.insert(at: Instant(nanoseconds: 5 * Self.tick)) }
            #expect(wheel.cancel(handles[victim]) == true)
            var fired: Set<Int> = []
            while let index = wheel.popExpired(now: Instant(nanoseconds: 5 * Self.tick)) { fired.insert(index) }
            #expect(fired == Set(handles.map { Int($0.index) }).subtracting([Int(handles[victim].index)]))
            #expect(wheel.count == 0)
        }
    }

    @Test(arguments: [0, 77_000_000, 9_000_000_000_000_000_000, UInt64.max - 5_000_000_000])
    func neverIsTwoYearsAway(clock: UInt64) throws {
        let now = Instant(nanoseconds: clock)
        let wheel = TimerWheel(now: now)
        let handle = wheel.insert(at: .never)
        #expect(wheel.popExpired(now: now + .seconds(86_400 * 365)) == nil || clock > UInt64.max / 2)
        if clock > UInt64.max / 2, clock < 1 << 63 { return }
        #expect(wheel.isWaiting(handle))
        #expect(try #require(wheel.nextDeadline()) > now)
        #expect(wheel.cancel(handle) == true)
        #expect(wheel.nextDeadline() == nil)
    }

    @Test func aDeadlineInThePastFiresAtOnce() {
        let wheel = TimerWheel(now: Instant(nanoseconds: 1 << 40))
        let handle = wheel.insert(at: .zero)
        #expect(wheel.popExpired(now: Instant(nanoseconds: 1 << 40)) == Int(handle.index))
    }

    @Test func aClockThatStepsBackLosesNothing() {
        let wheel = TimerWheel(now: Instant(nanoseconds: 1_000 * Self.tick))
        let handle = wheel.insert(at: Instant(nanoseconds: 1_010 * Self.tick))
        #expect(wheel.popExpired(now: Instant(nanoseconds: 1_005 * Self.tick)) == nil)
        #expect(wheel.popExpired(now: Instant(nanoseconds: 900 * Self.tick)) == nil)
        #expect(wheel.popExpired(now: Instant(nanoseconds: 1_010 * Self.tick)) == Int(handle.index))
    }

    @Test func manyTimersAllFireInOrderOfTicks() {
        var random = SeededGenerator(seed: 7)
        let wheel = TimerWheel(now: .zero)
        var deadlines: [Int: UInt64] = [:]
        for _ in 0..<20_000 {
            let tick = UInt64.random(in: 1...40_000, using: &random)
            deadlines[Int(wheel.insert(at: Instant(nanoseconds: tick * Self.tick)).index)] = tick
        }
        var last: UInt64 = 0
        var ordered = true
        while let index = wheel.popExpired(now: Instant(nanoseconds: 40_000 * Self.tick)) {
            let tick = deadlines.removeValue(forKey: index) ?? 0
            if tick < last { ordered = false }
            last = tick
        }
        #expect(ordered)
        #expect(deadlines.isEmpty)
        #expect(wheel.count == 0)
    }

    /// A wheel and a plain list are told the same; at each look, exactly the same timers must fire.
    @Test(arguments: 0..<48 as Range<UInt64>)
    func agreesWithAPlainList(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var now = Instant(nanoseconds: Self.clocks[Int(seed) % Self.clocks.count])
        let wheel = TimerWheel(now: now)
        var waiting: [(handle: TimerWheel.Handle, due: UInt64)] = []
        func fail(_ what: String, _ step: Int) { Issue.record("seed \(seed), step \(step): \(what)") }

        for step in 0..<2_000 {
            switch UInt8.random(in: 0..<10, using: &random) {
            case 0..<4:
                let reach = UInt64(1) << UInt64.random(in: 10...(seed % 3 == 0 ? 60 : 36), using: &random)
                let distance = UInt64.random(in: 0...reach, using: &random)
                let deadline = now + .nanoseconds(Int64(distance))
                let (rounded, over) = deadline.nanoseconds.addingReportingOverflow(Self.tick - 1)
                let current = now.nanoseconds / Self.tick
                let due = min(max(over ? .max : rounded / Self.tick, current), current + Self.horizon)
                waiting.append((wheel.insert(at: deadline), due))
            case 4 where !waiting.isEmpty:
                let index = Int.random(in: 0..<waiting.count, using: &random)
                guard wheel.cancel(waiting[index].handle) else { return fail("cancel", step) }
                let removed = waiting.remove(at: index)
                guard !wheel.isWaiting(removed.handle) else { return fail("still waiting", step) }
            default:
                let first = waiting.map(\.due).min()
                let next = wheel.nextDeadline()
                guard (first == nil) == (next == nil) else { return fail("nextDeadline", step) }
                if let first, let next, next.nanoseconds > first.multipliedReportingOverflow(by: Self.tick).partialValue
                {
                    return fail("nextDeadline is later than the first timer", step)
                }
                switch UInt8.random(in: 0..<8, using: &random) {
                case 0..<3: if let next, next > now, next < .never { now = next }
                case 3..<6: now = now + .nanoseconds(Int64.random(in: 0...20_000_000, using: &random))
                case 6: now = now + .nanoseconds(Int64(1) << Int64.random(in: 20...36, using: &random))
                default:
                    if let first, first < UInt64.max / Self.tick {
                        now = max(now, Instant(nanoseconds: first * Self.tick))
                    }
                }
                let current = now.nanoseconds / Self.tick
                var expected = Set(waiting.filter { $0.due <= current }.map { Int($0.handle.index) })
                while let index = wheel.popExpired(now: now) {
                    guard expected.remove(index) != nil else { return fail("early, or twice", step) }
                }
                guard expected.isEmpty else { return fail("late", step) }
                waiting.removeAll { $0.due <= current }
                guard wheel.count == waiting.count else { return fail("count", step) }
            }
        }
    }
}
