// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("TokenCache")
struct TokenCacheTests {
    private func digest(_ number: UInt64) -> TokenDigest { TokenDigest(words: (number, 0, 0, 0)) }

    @Test func endsEntriesByTheClock() {
        var cache = TokenCache<Int>(capacity: 4)
        cache.insert(1, for: digest(1), until: 10, now: 0)
        #expect(cache.find(digest(1), now: 10) == 1)
        #expect(cache.find(digest(1), now: 10.1) == nil)
        #expect(cache.count == 0)
    }

    @Test func whatIsPastItsEndIsNotKept() {
        var cache = TokenCache<Int>(capacity: 4)
        cache.insert(1, for: digest(1), until: 1, now: 2)
        #expect(cache.count == 0)
    }

    @Test func neverHoldsMoreThanItsCapacity() {
        var cache = TokenCache<Int>(capacity: 4)
        for number in 0..<1_000 {
            cache.insert(number, for: digest(UInt64(number)), until: 10, now: 0)
            #expect(cache.count <= 4)
        }
        #expect(cache.find(digest(999), now: 0) == 999)
    }

    @Test func keepsWhatIsUsed() {
        var cache = TokenCache<Int>(capacity: 4)
        cache.insert(0, for: digest(0), until: 10, now: 0)
        for number in 1..<100 {
            #expect(cache.find(digest(0), now: 0) == 0)
            cache.insert(number, for: digest(UInt64(number)), until: 10, now: 0)
        }
        #expect(cache.find(digest(0), now: 0) == 0)
    }

    @Test func replacesAndReusesSlots() {
        var cache = TokenCache<Int>(capacity: 2)
        cache.insert(1, for: digest(1), until: 10, now: 0)
        cache.insert(2, for: digest(1), until: 20, now: 0)
        #expect(cache.count == 1)
        #expect(cache.find(digest(1), now: 15) == 2)
        cache.removeAll { $0 == 2 }
        #expect(cache.count == 0)
        cache.insert(3, for: digest(3), until: 10, now: 0)
        cache.insert(4, for: digest(4), until: 10, now: 0)
        #expect(cache.count == 2)
    }

    @Test func capacityZeroKeepsNothing() {
        var cache = TokenCache<Int>(capacity: 0)
        cache.insert(1, for: digest(1), until: 10, now: 0)
        #expect(cache.find(digest(1), now: 0) == nil)
    }
}
