// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("Which deadline of an HTTP/2 connection comes next")
struct HTTP2DeadlinesTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func deadlines() -> HTTP2Deadlines {
        var configuration = DeadlinesConfiguration()
        configuration.requestHead = .seconds(10)
        configuration.keepAliveIdle = .seconds(75)
        configuration.bodyProgress = .seconds(60)
        return HTTP2Deadlines(configuration: configuration, now: start)
    }

    @Test("The preface has a request head's time; behind it the connection may be idle for a while")
    func preface() {
        var deadlines = deadlines()
        #expect(deadlines.next == start + .seconds(10))
        #expect(deadlines.due(now: start + .seconds(10)) == .head)
        deadlines.prefaceArrived(now: start + .seconds(1))
        #expect(deadlines.due(now: start + .seconds(75)) == nil)
        #expect(deadlines.due(now: start + .seconds(76)) == .idle)
    }

    @Test("A header block in pieces has a request head's time, whatever streams there are")
    func head() {
        var deadlines = deadlines()
        deadlines.prefaceArrived(now: start)
        deadlines.streamsChanged(isEmpty: false, now: start)
        deadlines.headBegan(now: start + .seconds(5))
        #expect(deadlines.awaitsHead)
        #expect(deadlines.due(now: start + .seconds(15)) == .head)
        deadlines.headEnded()
        #expect(deadlines.due(now: start + .seconds(14)) == nil)
    }

    @Test("A silent client with open streams is asked, and then taken for gone; one without is idle")
    func silence() {
        var deadlines = deadlines()
        deadlines.prefaceArrived(now: start)
        deadlines.streamsChanged(isEmpty: false, now: start)
        #expect(deadlines.due(now: start + .seconds(15)) == .ask)
        deadlines.askedForSign(now: start + .seconds(15))
        #expect(deadlines.due(now: start + .seconds(29)) == nil)
        #expect(deadlines.due(now: start + .seconds(30)) == .silent)
        deadlines.received(now: start + .seconds(29))
        #expect(deadlines.due(now: start + .seconds(43)) == nil)
        #expect(deadlines.due(now: start + .seconds(44)) == .ask)
        deadlines.streamsChanged(isEmpty: true, now: start + .seconds(40))
        #expect(deadlines.due(now: start + .seconds(100)) == nil)
        #expect(deadlines.due(now: start + .seconds(115)) == .idle)
    }

    @Test("Output that nobody takes, and the time that each move of it gives")
    func blocked() {
        var deadlines = deadlines()
        deadlines.prefaceArrived(now: start)
        deadlines.outputBlocked(true, now: start)
        deadlines.outputBlocked(true, now: start + .seconds(30))
        #expect(deadlines.due(now: start + .seconds(60)) == .blocked)
        deadlines.outputMoved(now: start + .seconds(30))
        #expect(deadlines.due(now: start + .seconds(74)) == nil)
        deadlines.outputBlocked(false, now: start + .seconds(74))
        #expect(deadlines.due(now: start + .seconds(75)) == .idle)
    }

    @Test("The final GOAWAY, responses that wait, and requests that linger are done, and end nothing")
    func chores() {
        var deadlines = deadlines()
        deadlines.prefaceArrived(now: start)
        deadlines.noticeSent(now: start)
        #expect(deadlines.awaitsGoAway)
        #expect(deadlines.due(now: start + HTTP2Limits.drainNotice) == .goAway)
        deadlines.goAwaySent()
        #expect(!deadlines.awaitsGoAway)
        deadlines.lingers(until: start + .seconds(2))
        #expect(deadlines.next == start + .seconds(2))
        #expect(deadlines.due(now: start + .seconds(2)) == .lingering)
        deadlines.lingers(until: .never)
        #expect(deadlines.responseWaits(now: start) == start + .seconds(60))
        // A later one does not move an earlier one's end.
        #expect(deadlines.responseWaits(now: start + .seconds(5)) == start + .seconds(65))
        #expect(deadlines.due(now: start + .seconds(60)) == .stalled)
        deadlines.stillWaiting(until: start + .seconds(65))
        #expect(deadlines.due(now: start + .seconds(64)) == nil)
        // What ends the connection comes before what only has to be done.
        #expect(deadlines.due(now: start + .seconds(75)) == .idle)
    }
}
