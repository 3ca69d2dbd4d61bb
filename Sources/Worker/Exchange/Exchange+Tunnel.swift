// SPDX-License-Identifier: Apache-2.0

import Shared

/// How an exchange goes on after a 101: as a tunnel, in which an end of stream ends one way and a loss ends all.
///
/// Over TLS a way's end is close_notify; a FIN without it is a loss. A client's FIN that cannot be read yet, because the
/// API server takes nothing, is no end, but shortens the time in which something must move.
extension Exchange {
    /// Reads of one way in one turn: three times four records. With more, one way's receiver is done and asleep before the
    /// other way has its turn, and to wake a core that sleeps costs what a quarter of the relaying does.
    private static let readsPerTurn = 3

    var isTunnel: Bool { machine.phase == .tunnelling }

    /// Whether it ended as one.
    var hadTunnel: Bool { machine.lastPhase == .tunnelling }

    /// The API server has answered 101: relays that, and whatever waits already on either side goes into the tunnel.
    func beginTunnel(_ found: ResponseHead, from upstream: UpstreamSide) {
        let agreed = upstream.receive.view { UpgradeProtocol(found.upgradeValue, in: $0) }
        guard agreed == head.upgrade || DeliberateFault.isOn(.anyUpgradeAgreed), let near = client.tunnelSocket,
            let far = upstream.tunnelSocket, machine.tunnelStarted()
        else {
            // Nobody has asked for that.
            return perform(machine.end(.upstreamInvalid(.invalidStatusLine)))
        }
        status = Int(found.status)
        countTunnel(1)
        response.begin(found, framing: .none, body: BodyRelay(from: found.framing, to: .none))
        let written = client.writeResponseHead(
            found, framing: .none, close: true, to: head, from: upstream.receive)
        releaseHead()
        upstream.receive.consume(found.headLength)
        let tunnel = Tunnel(client: near, upstream: far, pool: plane.buffers)
        self.tunnel = tunnel
        guard written, tunnel.toClient.begin(ready: client.send, early: upstream.receive),
            tunnel.toUpstream.begin(ready: upstream.send, early: client.receive)
        else { return perform(machine.end(.refused(.noBuffers))) }
        plane.panel.add(Figure.responses(status: status))
        deadlines.tunnelStarted(now: plane.reactor.now)
        plane.panel.updateRow(row, .kind, ExchangeRow.kindWord(.tunnel, shownVerb, stream: 0))
        show()
    }

    // MARK: Events

    func tunnelClientEvent(_ readiness: Readiness) {
        guard let tunnel else { return }
        if readiness.contains(.peerClosed) { tunnel.clientHungUp = true }
        if readiness.contains(.failed) {
            // Once both sides have sent their FIN this only says so, and what came before is still to be read.
            guard machine.toClientFinished, tunnel.client.pendingError() == 0 else { return tunnelClientLost() }
            tunnel.silenceClient()
        }
        relayTunnel()
    }

    func tunnelUpstreamEvent(_ readiness: Readiness) {
        guard let tunnel else { return }
        if readiness.contains(.peerClosed) { tunnel.upstreamHungUp = true }
        if readiness.contains(.failed) {
            // It takes nothing any more; what it sent before is still the client's, and reading on shows how it ended.
            tunnel.silenceUpstream()
            upstreamTakesNoMore(tunnel)
        }
        relayTunnel()
    }

    private func tunnelClientLost() {
        clientLeft(tunnel?.toUpstream.hasEnded ?? false ? .closed : .reset)
    }

    private func upstreamTakesNoMore(_ tunnel: Tunnel) {
        guard machine.isOpen(.toUpstream) else { return }
        tunnel.upstreamHungUp = true
        tunnel.toUpstream.discard()
        perform(machine.wayFinished(.toUpstream))
    }

    // MARK: Relaying

    func relayTunnel() {
        relay(.toUpstream)
        relay(.toClient)
        settle()
    }

    private func relay(_ way: ExchangeStateMachine.Way) {
        guard let tunnel, machine.isOpen(way) else { return }
        let outcome = tunnel.flow(way).relay(
            isSilent: tunnel.isSourceSilent(way), reads: Self.readsPerTurn, progressed: progressed)
        switch outcome {
        case .waiting: break
        case .yielded: continueLater()
        case .finished: perform(machine.wayFinished(way))
        case .noBuffer: perform(machine.end(.refused(.noBuffers)))
        case .sourceLost: way == .toUpstream ? tunnelClientLost() : upstreamLost()
        case .sinkLost: way == .toUpstream ? upstreamTakesNoMore(tunnel) : tunnelClientLost()
        }
    }

    /// After every step: which events and which deadline come next.
    func settleTunnel() {
        guard let tunnel else { return }
        deadlines.wait(for: tunnel.isClosing ? .tunnelClosing : .tunnelIdle, now: plane.reactor.now)
        tunnel.watch(toUpstreamOpen: machine.isOpen(.toUpstream), toClientOpen: machine.isOpen(.toClient))
        if !DeliberateFault.isOn(.tunnelIdleForgotten) {
            timer.set(deadlines.next, on: plane.reactor, handler: self)
        }
        show()
    }

    /// Tunnels are among the long-running ones, whatever the request looked like.
    func countTunnel(_ change: Int) {
        plane.panel.add(.tunnelsInFlight, change)
        if !isLongRunning { plane.panel.add(.longRunningInFlight, change) }
    }
}
