// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("What a tunnel goes through")
struct TunnelStateTests {
    typealias Machine = ExchangeStateMachine

    private func machine(mayTunnel: Bool = true, requestComplete: Bool = true) -> Machine {
        var machine = Machine(repeatable: true, mayTunnel: mayTunnel)
        #expect(machine.identified() == .connect)
        #expect(machine.upstreamAcquired(reused: true) == .sendRequest)
        if requestComplete { machine.requestFinished() }
        return machine
    }

    private func tunnel() -> Machine {
        var machine = machine()
        #expect(machine.tunnelStarted() == true)
        return machine
    }

    @Test("A 101 begins one only where it was asked for, once the request is through and before any other answer")
    func start() {
        #expect(tunnel().phase == .tunnelling)
        var unasked = machine(mayTunnel: false)
        #expect(unasked.tunnelStarted() == false)
        var early = machine(requestComplete: false)
        #expect(early.tunnelStarted() == false)
        var answered = machine()
        answered.responseStarted()
        #expect(answered.tunnelStarted() == false)
        var again = tunnel()
        #expect(again.tunnelStarted() == false)
    }

    @Test("A request for an upgrade is never sent twice")
    func noRetry() {
        var machine = machine()
        #expect(!machine.mayRetry)
        #expect(machine.upstreamFailed(.closedEarly) == .end(.upstreamFailed(.closedEarly)))
        #expect(machine.disposition(of: .upstreamFailed(.closedEarly)) == .init(client: .answer, upstream: .close))
    }

    @Test("It ends with its second way, properly on both sides", arguments: [Machine.Way.toUpstream, .toClient])
    func ways(first: Machine.Way) {
        let second: Machine.Way = first == .toUpstream ? .toClient : .toUpstream
        var machine = tunnel()
        #expect(machine.isOpen(first) && machine.isOpen(second))
        #expect(machine.wayFinished(first) == .none)
        #expect(!machine.isOpen(first) && machine.isOpen(second))
        #expect(machine.wayFinished(first) == .none)
        #expect(machine.wayFinished(second) == .end(.completed))
        #expect(machine.disposition(of: .completed) == .init(client: .finishAndClose, upstream: .finish))
        #expect(!machine.isOpen(first) && !machine.isOpen(second))
        #expect(machine.wayFinished(second) == .none)
    }

    @Test("The API server's loss is a failure, unless it had ended its stream before")
    func upstreamLoss() {
        var open = tunnel()
        #expect(open.upstreamFailed(.reset) == .end(.upstreamFailed(.reset)))
        #expect(open.disposition(of: .upstreamFailed(.reset)) == .init(client: .cut, upstream: .close))
        var deaf = tunnel()
        #expect(deaf.wayFinished(.toUpstream) == .none)
        #expect(deaf.upstreamFailed(.reset) == .end(.upstreamFailed(.reset)))
        var ended = tunnel()
        #expect(ended.wayFinished(.toClient) == .none)
        #expect(ended.upstreamFailed(.reset) == .end(.completed))
    }

    @Test("A client that is lost takes the upstream with it; whatever else ends it shows as a cut")
    func ends() {
        var left = tunnel()
        #expect(left.end(.clientGone(.reset)) == .end(.clientGone(.reset)))
        #expect(left.disposition(of: .clientGone(.reset)) == .init(client: .drop, upstream: .close))
        for reason: EndReason in [.cut, .deadline(.tunnelIdle), .deadline(.tunnelClosing), .refused(.noBuffers)] {
            var machine = tunnel()
            #expect(machine.wayFinished(.toUpstream) == .none)
            #expect(machine.end(reason) == .end(reason))
            #expect(machine.disposition(of: reason) == .init(client: .cut, upstream: .close))
        }
    }

    @Test("It may be idle for its own time, and for less once a side has ended; there is no total")
    func deadlines() {
        let start = Instant(nanoseconds: 1_000_000_000)
        var configuration = DeadlinesConfiguration()
        configuration.tunnelIdle = .seconds(3_600)
        configuration.bodyProgress = .seconds(20)
        // Not long-running by its path: a WebSocket may be asked for anywhere.
        var deadlines = ExchangeDeadlines(limits: WaitLimits(configuration), start: start, isLongRunning: false)
        deadlines.tunnelStarted(now: start)
        #expect(deadlines.current == .tunnelIdle)
        #expect(deadlines.next == start + .seconds(3_600))
        deadlines.enter(deadlines.current, now: start + .seconds(3_000))
        #expect(deadlines.expired(now: start + .seconds(6_599)) == nil)
        #expect(deadlines.expired(now: start + .seconds(6_600)) == .tunnelIdle)
        deadlines.wait(for: .tunnelClosing, now: start + .seconds(4_000))
        #expect(deadlines.next == start + .seconds(4_020))
        #expect(deadlines.expired(now: start + .seconds(4_020)) == .tunnelClosing)
    }
}
