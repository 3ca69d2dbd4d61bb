// SPDX-License-Identifier: Apache-2.0

import Shared

/// A bounded map from a token's digest to what was found out about it, with an end to each entry.
///
/// Eviction is CLOCK: one pass of a hand over the slots, taking the first that is past its end or was not looked up since
/// the hand's last visit. A look-up allocates nothing.
struct TokenCache<Value> {
    private struct Entry {
        var digest: TokenDigest
        var value: Value
        var until: Double
        var isReferenced: Bool
    }

    private let capacity: Int
    private var slots: [Entry?] = []
    private var free: [Int] = []
    private var index: [TokenDigest: Int] = [:]
    private var hand = 0

    /// `capacity` 0: nothing is kept.
    init(capacity: Int) {
        self.capacity = max(0, capacity)
    }

    var count: Int { index.count }

    /// The value, if it is there and `now` (seconds since 1970) is not past its end.
    mutating func find(_ digest: TokenDigest, now: Double) -> Value? {
        let any = DeliberateFault.isOn(.cacheMixesTokens) ? slots.indices.first : nil
        guard let slot = any ?? index[digest], let entry = slots[slot] else { return nil }
        guard now <= entry.until else {
            remove(slot)
            return nil
        }
        slots[slot]?.isReferenced = true
        return entry.value
    }

    mutating func insert(_ value: Value, for digest: TokenDigest, until: Double, now: Double) {
        guard capacity > 0, now <= until else { return }
        if let slot = index[digest] { remove(slot) }
        let entry = Entry(digest: digest, value: value, until: until, isReferenced: false)
        let slot = slotForInsertion(now: now)
        if slot == slots.count { slots.append(entry) } else { slots[slot] = entry }
        index[digest] = slot
    }

    /// Drops every entry for which `isStale` holds.
    mutating func removeAll(where isStale: (Value) -> Bool) {
        for slot in slots.indices {
            if let entry = slots[slot], isStale(entry.value) { remove(slot) }
        }
    }

    private mutating func slotForInsertion(now: Double) -> Int {
        if let slot = free.popLast() { return slot }
        if slots.count < capacity { return slots.count }
        while true {
            let slot = hand
            hand = (hand + 1) % slots.count
            guard let entry = slots[slot] else { continue }
            if entry.isReferenced, now <= entry.until {
                slots[slot]?.isReferenced = false
                continue
            }
            index[entry.digest] = nil
            slots[slot] = nil
            return slot
        }
    }

    private mutating func remove(_ slot: Int) {
        guard let entry = slots[slot] else { return }
        index[entry.digest] = nil
        slots[slot] = nil
        free.append(slot)
    }
}
