// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Who waits for keys")
struct KeyWaitersTests {
    private func take(_ waiters: inout KeyWaiters<String>) -> [String] {
        var taken: [String] = []
        while let next = waiters.takeDue() { taken.append(next) }
        return taken
    }

    @Test("So many for each issuer, and no more")
    func bound() {
        var waiters = KeyWaiters<String>()
        for number in 0..<UInt64(KeyWaiters<String>.maximum) {
            #expect(waiters.add("\(number)", number: number, issuer: 0, mark: 1) == true)
        }
        #expect(waiters.add("more", number: 1_000, issuer: 0, mark: 1) == false)
        #expect(waiters.add("another's", number: 1_001, issuer: 1, mark: 1) == true)
        waiters.remove(7)
        // Who was never there leaves no room.
        waiters.remove(7)
        waiters.remove(1_000)
        #expect(waiters.add("instead", number: 1_002, issuer: 0, mark: 1) == true)
        #expect(waiters.add("more", number: 1_003, issuer: 0, mark: 1) == false)
        #expect(waiters.count == KeyWaiters<String>.maximum + 1 && waiters.issuers == [0, 1])
    }

    @Test("New keys concern those whose issuer's they are, in the order of their coming")
    func due() {
        var waiters = KeyWaiters<String>()
        for (number, issuer) in [0, 1, 0, 0].enumerated() {
            #expect(waiters.add("\(number)", number: UInt64(number), issuer: issuer, mark: 5) == true)
        }
        waiters.keysCame { $0 == 0 ? 6 : 5 }
        #expect(waiters.hasDue)
        #expect(waiters.takeDue() == "0")
        // One leaves while it waits for its turn, one comes back with the new mark.
        waiters.remove(2)
        #expect(waiters.add("0", number: 0, issuer: 0, mark: 6) == true)
        let taken1 = take(&waiters)
        #expect(taken1 == ["3"])
        #expect(!waiters.hasDue && waiters.count == 2 && waiters.issuers == [0, 1])
        waiters.keysCame { $0 == 0 ? 6 : 6 }
        let taken2 = take(&waiters)
        #expect(taken2 == ["1"])
        waiters.keysCame { _ in 7 }
        let taken3 = take(&waiters)
        #expect(taken3 == ["0"])
        #expect(waiters.count == 0 && waiters.issuers.isEmpty)
    }
}
