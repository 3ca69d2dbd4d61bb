// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("What one request goes through")
struct ExchangeStateMachineTests {
    /// A machine that has come to a phase on the usual way.
    private func machine(
        _ phase: ExchangeStateMachine.Phase, repeatable: Bool = true, reused: Bool = true
    ) -> ExchangeStateMachine {
        var machine = ExchangeStateMachine(repeatable: repeatable)
        if phase == .identifying { return machine }
        #expect(machine.identified() == .connect)
        if phase == .connecting { return machine }
        #expect(machine.upstreamAcquired(reused: reused) == .sendRequest)
        if phase == .requesting { return machine }
        machine.requestFinished()
        machine.responseStarted()
        if phase == .responding { return machine }
        #expect(machine.responseFinished() == .end(.completed))
        return machine
    }

    @Test("The usual way")
    func usual() {
        let ended = machine(.ended)
        #expect(ended.phase == .ended)
        #expect(ended.disposition(of: .completed) == .init(client: .finish, upstream: .release))
    }

    @Test("A client that leaves ends it in every phase", arguments: [1, 2, 3, 4] as [UInt8])
    func clientGone(raw: UInt8) throws {
        var machine = machine(try #require(ExchangeStateMachine.Phase(rawValue: raw)))
        #expect(machine.end(.clientGone(.closed)) == .end(.clientGone(.closed)))
        #expect(machine.disposition(of: .clientGone(.closed)) == .init(client: .drop, upstream: .close))
    }

    @Test("After the end nothing happens any more")
    func afterEnd() {
        var machine = machine(.ended)
        #expect(machine.identified() == .none)
        #expect(machine.upstreamAcquired(reused: true) == .none)
        #expect(machine.upstreamFailed(.reset) == .none)
        #expect(machine.responseFinished() == .none)
        #expect(machine.end(.cut) == .none)
        #expect(machine.end(.clientGone(.reset)) == .none)
    }

    @Test("Before the response's head the gateway answers for itself; after it the client sees a cut")
    func answersAndCuts() {
        let ends: [EndReason] = [
            .deadline(.firstResponseByte), .upstreamFailed(.reset), .upstreamInvalid(.invalidStatusLine), .cut,
            .cancelled, .clientInvalid(.invalidChunkSize), .refused(.noBuffers),
        ]
        for end in ends {
            for phase in [ExchangeStateMachine.Phase.identifying, .connecting, .requesting] {
                var machine = machine(phase)
                #expect(machine.end(end) == .end(end))
                #expect(machine.disposition(of: end) == .init(client: .answer, upstream: .close))
                #expect(GatewayAnswer(end) != nil)
            }
            var machine = machine(.responding)
            #expect(machine.end(end) == .end(end))
            #expect(machine.disposition(of: end) == .init(client: .cut, upstream: .close))
        }
    }

    @Test("A response before the request's end closes both connections")
    func earlyResponse() {
        var machine = machine(.requesting)
        machine.responseStarted()
        #expect(machine.responseFinished() == .end(.completed))
        #expect(machine.disposition(of: .completed) == .init(client: .finishAndClose, upstream: .close))
    }

    @Test("A stream that the drain ends is whole for its client, and its connection ends with it")
    func drained() {
        var machine = machine(.responding)
        #expect(machine.end(.drained) == .end(.drained))
        #expect(machine.disposition(of: .drained) == .init(client: .finishAndClose, upstream: .close))
    }

    @Test("A kept connection that turns out closed is tried again, once, if nothing can go wrong by it")
    func retry() {
        var first = machine(.requesting)
        #expect(first.mayRetry)
        #expect(first.upstreamFailed(.closedEarly) == .retry)
        #expect(first.phase == .connecting && first.retried)
        // The fresh connection fails as well.
        #expect(first.upstreamAcquired(reused: false) == .sendRequest)
        #expect(first.upstreamFailed(.closedEarly) == .end(.upstreamFailed(.closedEarly)))

        var post = machine(.requesting, repeatable: false)
        #expect(post.upstreamFailed(.closedEarly) == .end(.upstreamFailed(.closedEarly)))

        var fresh = machine(.requesting, reused: false)
        #expect(fresh.upstreamFailed(.closedEarly) == .end(.upstreamFailed(.closedEarly)))

        // One byte of a response is enough: the API server has taken the request up.
        var begun = machine(.requesting)
        begun.responseArrived()
        #expect(!begun.mayRetry)
        #expect(begun.upstreamFailed(.reset) == .end(.upstreamFailed(.reset)))
    }

    @Test("What the API server says it never looked at is sent again, whatever it does, three times at most")
    func declined() {
        func requesting(replayable: Bool, onStream: Bool, mayTunnel: Bool = false) -> ExchangeStateMachine {
            var machine = ExchangeStateMachine(repeatable: false, replayable: replayable, mayTunnel: mayTunnel)
            _ = machine.identified()
            #expect(machine.upstreamAcquired(reused: false, onStream: onStream) == .sendRequest)
            return machine
        }
        // A DELETE or POST without a body.
        var bodiless = requesting(replayable: true, onStream: true)
        for _ in 0..<3 {
            #expect(bodiless.mayRetry)
            #expect(bodiless.upstreamDeclined() == .retry)
            #expect(bodiless.upstreamAcquired(reused: true, onStream: true) == .sendRequest)
        }
        #expect(!bodiless.mayRetry)
        #expect(bodiless.upstreamDeclined() == .end(.upstreamFailed(.closedEarly)))
        // Without that word it may have been acted upon.
        var unsaid = requesting(replayable: true, onStream: true)
        #expect(unsaid.upstreamFailed(.closedEarly) == .end(.upstreamFailed(.closedEarly)))
        // Its body is gone; a tunnel may run a command; HTTP/1.1 cannot say so.
        var body = requesting(replayable: false, onStream: true)
        #expect(!body.mayRetry && body.upstreamDeclined() == .end(.upstreamFailed(.closedEarly)))
        var tunnel = requesting(replayable: true, onStream: true, mayTunnel: true)
        #expect(tunnel.upstreamDeclined() == .end(.upstreamFailed(.closedEarly)))
        var old = requesting(replayable: true, onStream: false)
        #expect(old.upstreamDeclined() == .end(.upstreamFailed(.closedEarly)))
    }

    @Test("Each end has the answer that Kubernetes' clients expect")
    func answers() {
        let table: [(EndReason, Int)] = [
            (.refused(.unauthenticated), 401), (.refused(.tokenRefused), 401), (.refused(.impersonationDenied), 403),
            (.refused(.tooManyInFlight), 503), (.refused(.identityTooLarge), 431), (.deadline(.firstResponseByte), 504),
            (.deadline(.requestBody), 408), (.upstreamFailed(.refused), 502), (.upstreamFailed(.connectTimedOut), 504),
            (.upstreamFailed(.poolExhausted), 503), (.upstreamInvalid(.invalidStatusLine), 502), (.cut, 503),
            (.cancelled, 503),
        ]
        for (end, code) in table {
            #expect(GatewayAnswer(end)?.code == code, "\(end)")
        }
        // An operator's decision is told, and not to be tried again.
        #expect(GatewayAnswer(.cancelled)?.message.contains("operator") == true)
        #expect(GatewayAnswer(.cancelled)?.retryAfter == 0)
        #expect(GatewayAnswer(.completed) == nil)
        #expect(GatewayAnswer(.clientGone(.closed)) == nil)
    }
}
