// SPDX-License-Identifier: Apache-2.0

/// A hierarchical timer wheel: insert and cancel in constant time, expiry in order of ticks, nothing allocated once
/// grown. Pure: time is an argument.
///
/// Six levels of 64 slots; a slot of level n spans 64^n ticks. An entry waits at the level at which its tick first
/// differs from the current one and moves down as time reaches its slot (Varghese and Lauck, 1987; the bit-twiddling
/// form is that of several event loops).
package final class TimerWheel {
    /// One tick: timers fire up to so much late, never early.
    package static let tick = Duration.milliseconds(2)
    private static let tickNanoseconds: UInt64 = 2_000_000
    private static let levels = 6
    /// Timers further away fire early, after two years: their owners look at the clock again.
    private static let horizon: UInt64 = 1 << 35
    private static let none = UInt32.max

    /// A timer's name; it never matches a later timer in the same place.
    package struct Handle: Equatable, Sendable {
        let index: UInt32
        let generation: UInt32

        package static let none = Handle(index: .max, generation: 0)
    }

    private struct Entry {
        var tick: UInt64 = 0
        var generation: UInt32 = 0
        var previous: UInt32 = TimerWheel.none
        var next: UInt32 = TimerWheel.none
        /// Level * 64 + slot; none: not waiting.
        var place: UInt32 = TimerWheel.none
    }

    private let entries = Slab<Entry>()
    private var free = TimerWheel.none
    /// The first entry of each slot of each level.
    private var heads: InlineArray<384, UInt32> = InlineArray(repeating: TimerWheel.none)
    /// A bit for each slot that has entries.
    private var occupied: InlineArray<6, UInt64> = InlineArray(repeating: 0)
    private var current: UInt64
    private var waiting = 0

    package init(now: Instant) {
        current = now.nanoseconds / Self.tickNanoseconds
    }

    /// Timers waiting.
    package var count: Int { waiting }

    /// Starts a timer that fires at `deadline` or up to one tick later.
    package func insert(at deadline: Instant) -> Handle {
        let index: UInt32
        if free != Self.none {
            index = free
            free = entries[Int(index)].next
        } else {
            index = UInt32(entries.count)
            entries.append(Entry())
        }
        let (rounded, overflow) = deadline.nanoseconds.addingReportingOverflow(Self.tickNanoseconds - 1)
        let tick = overflow ? UInt64.max : rounded / Self.tickNanoseconds
        entries[Int(index)].tick = min(max(tick, current), current + Self.horizon)
        link(index)
        waiting += 1
        return Handle(index: index, generation: entries[Int(index)].generation)
    }

    /// Ends a timer before it fires; false when it has fired or ended already.
    @discardableResult
    package func cancel(_ handle: Handle) -> Bool {
        guard isWaiting(handle) else { return false }
        unlink(handle.index)
        retire(handle.index)
        return true
    }

    package func isWaiting(_ handle: Handle) -> Bool {
        guard handle.index < entries.count else { return false }
        let entry = entries[Int(handle.index)]
        return entry.generation == handle.generation && entry.place != Self.none
    }

    /// The index of one timer that is due at `now`, which it ends; nil: none is left.
    package func popExpired(now: Instant) -> Int? {
        let target = now.nanoseconds / Self.tickNanoseconds
        while let (level, slot, start) = nextSlot(), start <= target {
            current = max(current, start)
            var index = heads[level * 64 + slot]
            if level == 0 {
                unlink(index)
                retire(index)
                return Int(index)
            }
            // The slot has been reached: all of it belongs to finer levels now. One left here would be hidden by those.
            while index != Self.none {
                let next = entries[Int(index)].next
                unlink(index)
                link(index)
                if DeliberateFault.isOn(.timerSlotHidden) { break }
                index = next
            }
        }
        current = max(current, target)
        return nil
    }

    /// When the loop must look again; nil: no timer waits. It may be earlier than the first timer (its slot's start).
    package func nextDeadline() -> Instant? {
        guard let (_, _, start) = nextSlot() else { return nil }
        let (product, overflow) = start.multipliedReportingOverflow(by: Self.tickNanoseconds)
        return overflow ? .never : Instant(nanoseconds: product)
    }

    /// The occupied slot that starts first, and its starting tick. Above level 0 no entry lies in the slot of the current
    /// tick, so all of a finer level come before all of a coarser one.
    private func nextSlot() -> (level: Int, slot: Int, start: UInt64)? {
        for level in 0..<Self.levels where occupied[level] != 0 {
            let shift = UInt64(6 * level)
            let position = (current >> shift) & 63
            let ahead = occupied[level] >> position
            let turn = (current >> shift) & ~63
            // Entries of a level lie in its current turn, at or after its position; only at the last level, whose turn
            // takes over four years, may one lie in the next.
            if ahead != 0 {
                let slot = position + UInt64(ahead.trailingZeroBitCount)
                return (level, Int(slot), (turn | slot) << shift)
            }
            let slot = UInt64(occupied[level].trailingZeroBitCount)
            return (level, Int(slot), (turn + 64 + slot) << shift)
        }
        return nil
    }

    private func link(_ index: UInt32) {
        let tick = entries[Int(index)].tick
        let difference = (tick ^ current) | 63
        let level = min(Self.levels - 1, (63 - difference.leadingZeroBitCount) / 6)
        let slot = Int((tick >> UInt64(6 * level)) & 63)
        let place = level * 64 + slot
        let head = heads[place]
        entries[Int(index)].place = UInt32(place)
        entries[Int(index)].previous = Self.none
        entries[Int(index)].next = head
        if head != Self.none { entries[Int(head)].previous = index }
        heads[place] = index
        occupied[level] |= 1 << UInt64(slot)
    }

    private func unlink(_ index: UInt32) {
        let entry = entries[Int(index)]
        let place = Int(entry.place)
        if entry.previous != Self.none {
            entries[Int(entry.previous)].next = entry.next
        } else {
            heads[place] = entry.next
            if entry.next == Self.none { occupied[place / 64] &= ~(1 << UInt64(place % 64)) }
        }
        if entry.next != Self.none { entries[Int(entry.next)].previous = entry.previous }
        entries[Int(index)].place = Self.none
    }

    private func retire(_ index: UInt32) {
        entries[Int(index)].generation &+= 1
        entries[Int(index)].next = free
        free = index
        waiting -= 1
    }
}
