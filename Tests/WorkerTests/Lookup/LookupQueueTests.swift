// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Which look-ups go on and which wait")
struct LookupQueueTests {
    @Test("Up to one bound they start, up to the other they wait, beyond it they are refused")
    func bounds() {
        var queue = LookupQueue(maxRunning: 2, maxWaiting: 2)
        let admissions = (1...6).map { queue.enter(UInt64($0)) }
        #expect(admissions == [.start, .start, .wait, .wait, .refuse, .refuse])
        #expect(queue.running == 2)
        #expect(queue.waiting == [3, 4])
    }

    @Test("Whoever waits gets the place of one that has ended, in order")
    func order() {
        var queue = LookupQueue(maxRunning: 1, maxWaiting: 3)
        for ticket in 1...4 { _ = queue.enter(UInt64(ticket)) }
        #expect(queue.leaveRunning() == 2)
        queue.leaveWaiting(3)
        #expect(queue.leaveRunning() == 4)
        #expect(queue.leaveRunning() == nil)
        #expect(queue.running == 0)
        #expect(queue.enter(9) == .start)
    }

    @Test("Whatever comes and goes, the bounds hold, and nobody waits while there is a place", arguments: 0..<20)
    func property(seed: Int) {
        var generator = SystemRandomNumberGenerator()
        var queue = LookupQueue(maxRunning: 3, maxWaiting: 5)
        var running = 0
        for ticket in 1...300 {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                if queue.enter(UInt64(ticket)) == .start { running += 1 }
            case 1 where running > 0:
                if queue.leaveRunning() == nil { running -= 1 }
            default:
                if let waiting = queue.waiting.randomElement(using: &generator) { queue.leaveWaiting(waiting) }
            }
            #expect(queue.running == running && running <= 3 && queue.waiting.count <= 5)
            #expect(queue.waiting.isEmpty || running == 3)
        }
    }
}
