// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("Which deadline comes next")
struct ExchangeDeadlinesTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func deadlines(longRunning: Bool = false) -> ExchangeDeadlines {
        var configuration = DeadlinesConfiguration()
        configuration.identity = .seconds(5)
        configuration.upstreamConnect = .seconds(4)
        configuration.firstResponseByte = .seconds(30)
        configuration.request = .seconds(60)
        configuration.bodyProgress = .seconds(20)
        return ExchangeDeadlines(limits: WaitLimits(configuration), start: start, isLongRunning: longRunning)
    }

    @Test("It begins with identity, and each stage has its own time")
    func stages() {
        var deadlines = deadlines()
        #expect(deadlines.next == start + .seconds(5))
        #expect(deadlines.expired(now: start + .seconds(4)) == nil)
        #expect(deadlines.expired(now: start + .seconds(5)) == .identity)
        deadlines.enter(.connect, now: start + .seconds(1))
        #expect(deadlines.next == start + .seconds(5))
        #expect(deadlines.expired(now: start + .seconds(5)) == .connect)
        deadlines.enter(.firstResponseByte, now: start + .seconds(2))
        #expect(deadlines.next == start + .seconds(32))
    }

    @Test("The whole request has a deadline that progress does not move")
    func total() {
        var deadlines = deadlines()
        deadlines.enter(.responseBody, now: start + .seconds(50))
        #expect(deadlines.next == start + .seconds(60))
        deadlines.enter(.responseBody, now: start + .seconds(59))
        #expect(deadlines.expired(now: start + .seconds(60)) == .request)
    }

    @Test("Waiting for the same thing again does not start its time anew; progress does")
    func waiting() {
        var deadlines = deadlines()
        deadlines.wait(for: .requestBody, now: start)
        deadlines.wait(for: .requestBody, now: start + .seconds(10))
        #expect(deadlines.next == start + .seconds(20))
        deadlines.enter(deadlines.current, now: start + .seconds(10))
        #expect(deadlines.next == start + .seconds(30))
    }

    @Test("A long-running request may be silent for ever, but its client may not refuse to read")
    func longRunning() {
        var deadlines = deadlines(longRunning: true)
        deadlines.enter(.firstResponseByte, now: start)
        #expect(deadlines.next == .never)
        deadlines.enter(.responseBody, now: start)
        #expect(deadlines.next == .never)
        #expect(deadlines.expired(now: start + .seconds(86_400)) == nil)
        deadlines.enter(.clientWrite, now: start)
        #expect(deadlines.expired(now: start + .seconds(20)) == .clientWrite)
    }
}
