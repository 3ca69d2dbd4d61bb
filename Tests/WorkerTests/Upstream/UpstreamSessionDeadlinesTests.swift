// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("Which deadline of an HTTP/2 connection to the API server comes next")
struct UpstreamSessionDeadlinesTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func deadlines() -> UpstreamSessionDeadlines {
        UpstreamSessionDeadlines(idleTimeout: .seconds(60), now: start)
    }

    @Test("Without streams it is kept for the idle time, and its server is not asked")
    func idle() {
        var deadlines = deadlines()
        #expect(deadlines.next == start + .seconds(60))
        #expect(deadlines.due(now: start + .seconds(59)) == nil)
        #expect(deadlines.due(now: start + .seconds(60)) == .idle)
        deadlines.streamsChanged(isEmpty: false, now: start + .seconds(1))
        #expect(deadlines.next == start + .seconds(10))
        deadlines.streamsChanged(isEmpty: true, now: start + .seconds(5))
        #expect(deadlines.next == start + .seconds(65))
        #expect(deadlines.due(now: start + .seconds(65)) == .idle)
    }

    @Test("A server that dies without a sign is asked after 10 s of silence and given up 10 s later")
    func silence() {
        var deadlines = deadlines()
        deadlines.streamsChanged(isEmpty: false, now: start)
        deadlines.received(now: start + .seconds(5))
        #expect(deadlines.due(now: start + .seconds(14)) == nil)
        #expect(deadlines.due(now: start + .seconds(15)) == .ask)
        deadlines.askedForSign(now: start + .seconds(15))
        #expect(deadlines.due(now: start + .seconds(24)) == nil)
        #expect(deadlines.next == start + .seconds(25))
        #expect(deadlines.due(now: start + .seconds(25)) == .silent)
    }

    @Test("Anything that comes is a sign; one that answers is asked again after the next silence")
    func signs() {
        var deadlines = deadlines()
        deadlines.streamsChanged(isEmpty: false, now: start)
        for round in 0..<5 {
            let asked = start + .seconds(Int64(round) * 11 + 10)
            #expect(deadlines.due(now: asked) == .ask)
            deadlines.askedForSign(now: asked)
            deadlines.received(now: asked + .seconds(1))
            #expect(deadlines.due(now: asked + .seconds(2)) == nil)
        }
    }

    @Test("A stream that begins after a long silence takes the question along")
    func resumed() {
        var deadlines = deadlines()
        deadlines.streamsChanged(isEmpty: false, now: start + .seconds(30))
        #expect(deadlines.due(now: start + .seconds(30)) == .ask)
        deadlines.askedForSign(now: start + .seconds(30))
        #expect(deadlines.due(now: start + .seconds(40)) == .silent)
    }

    @Test("More streams change nothing, and the last one's end takes the question back")
    func changes() {
        var deadlines = deadlines()
        deadlines.streamsChanged(isEmpty: false, now: start)
        deadlines.askedForSign(now: start + .seconds(10))
        deadlines.streamsChanged(isEmpty: false, now: start + .seconds(12))
        #expect(deadlines.due(now: start + .seconds(20)) == .silent)
        deadlines.streamsChanged(isEmpty: true, now: start + .seconds(13))
        #expect(deadlines.due(now: start + .seconds(20)) == nil)
    }

    @Test("A stream that waits for nothing but its end has its own deadline")
    func lingering() {
        var deadlines = deadlines()
        deadlines.streamsChanged(isEmpty: false, now: start)
        deadlines.lingers(until: start + .seconds(1))
        #expect(deadlines.due(now: start + .seconds(1)) == .lingering)
        deadlines.lingers(until: .never)
        #expect(deadlines.due(now: start + .seconds(2)) == nil)
    }
}
