// SPDX-License-Identifier: Apache-2.0

import Shared

/// How an exchange comes to the API server: its connection, or its stream of one, and the request's head.
extension Exchange: UpstreamUser {
    func upstreamConnecting(_ connection: UpstreamConnection) {
        upstream = connection
    }

    func upstreamReady(_ side: UpstreamSide, reused: Bool) {
        upstream = side
        perform(machine.upstreamAcquired(reused: reused, onStream: side.isStream))
        advance()
    }

    func upstreamUnavailable(_ failure: UpstreamFailure) {
        upstream = nil
        perform(machine.upstreamFailed(failure))
    }

    func upstreamEvent(_ readiness: Readiness) {
        if isTunnel { return tunnelUpstreamEvent(readiness) }
        if !readiness.isDisjoint(with: .tellsOfReading) { receiveResponse() }
        advance()
    }

    func upstreamProgressed() { progressed() }

    var isOver: Bool { machine.phase == .ended }

    func connect(fresh: Bool) {
        deadlines.enter(.connect, now: plane.reactor.now)
        switch plane.upstream.acquire(for: self, fresh: fresh, alone: asksForTunnel) {
        case .ready(let side):
            upstream = side
            perform(machine.upstreamAcquired(reused: true, onStream: side.isStream))
        case .pending(let connection):
            if !DeliberateFault.isOn(.connectingUpstreamForgotten) { upstream = connection }
            settle()
        case .failed(let failure):
            perform(machine.upstreamFailed(failure))
        }
    }

    func sendHead() {
        guard let upstream, let identity else { return }
        deadlines.enter(head.framing.isEmpty ? .firstResponseByte : .requestBody, now: plane.reactor.now)
        switch client.writeRequestHead(head, of: self, identity: identity, to: upstream.send) {
        case .written where upstream.beginRequest(head): break
        case .written, .tooLarge: return perform(machine.end(.refused(.identityTooLarge)))
        case .noBuffer: return perform(machine.end(.refused(.noBuffers)))
        }
        if upstream.isStream {
            let kind = isLongRunning ? ExchangeRow.Class.longRunning : .ordinary
            plane.panel.updateRow(
                row, .kind, ExchangeRow.kindWord(kind, shownVerb, stream: UInt32(upstream.streamID)))
            requestBody = BodyRelay(from: client.bodyFraming(of: head), to: upstream.bodyFraming(of: head))
        }
        // Should this worker be killed, its kernel must not send the FIN that the API server, once it has agreed, would take
        // for the end of what the client says.
        if asksForTunnel { upstream.tunnelSocket?.resetIfKilled() }
        // A fresh connection needs no second try, so its request's head need not be kept.
        if !machine.mayRetry { releaseHead() }
    }

    func releaseHead() {
        guard headHeld else { return }
        headHeld = false
        client.consumeHead(head)
    }
}
