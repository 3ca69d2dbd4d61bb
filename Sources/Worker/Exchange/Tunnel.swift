// SPDX-License-Identifier: Apache-2.0

import Shared

/// What an exchange holds after a 101: the two sockets, which stay their connections' to close, and the two ways between
/// them.
final class Tunnel {
    let client: StreamSocket
    let upstream: StreamSocket
    let toUpstream: TunnelFlow
    let toClient: TunnelFlow
    /// TCP's FIN of the client was told; it is level-triggered, and must not be told again and again.
    var clientHungUp = false
    var upstreamHungUp = false
    /// The socket has nothing more to tell, not even failure: what it holds is read to its end.
    private(set) var clientIsSilent = false
    private(set) var upstreamIsSilent = false

    init(client: StreamSocket, upstream: StreamSocket, pool: BufferPool) {
        self.client = client
        self.upstream = upstream
        toUpstream = TunnelFlow(from: client, to: upstream, pool: pool)
        toClient = TunnelFlow(from: upstream, to: client, pool: pool)
        // A peer that does not read is held up, for as long as it likes and `tunnelIdle` allows: TCP_USER_TIMEOUT would
        // end it. One that is gone is found out by keep-alive, or, with bytes on the way, by TCP's own patience.
        client.prepare(userTimeout: .zero)
        upstream.prepare(userTimeout: .zero)
    }

    var bytes: (fromClient: UInt64, toClient: UInt64) { (toUpstream.bytes, toClient.bytes) }

    func flow(_ way: ExchangeStateMachine.Way) -> TunnelFlow { way == .toUpstream ? toUpstream : toClient }

    func isSourceSilent(_ way: ExchangeStateMachine.Way) -> Bool {
        way == .toUpstream ? clientIsSilent : upstreamIsSilent
    }

    func silenceClient() {
        clientIsSilent = true
        client.suspend()
    }

    func silenceUpstream() {
        upstreamIsSilent = true
        upstream.suspend()
    }

    /// One side has ended its stream, or even left: from now on no side may be idle for as long as `tunnelIdle`.
    var isClosing: Bool { toUpstream.hasEnded || toClient.hasEnded || clientHungUp || upstreamHungUp }

    /// Says which events come next, of the ways that are still open.
    func watch(toUpstreamOpen: Bool, toClientOpen: Bool) {
        client.want(
            Self.interest(
                reading: toUpstreamOpen && toUpstream.wantsMore, writing: toClientOpen && toClient.isBlocked,
                hangup: !clientHungUp))
        upstream.want(
            Self.interest(
                reading: toClientOpen && toClient.wantsMore, writing: toUpstreamOpen && toUpstream.isBlocked,
                hangup: !upstreamHungUp))
    }

    private static func interest(reading: Bool, writing: Bool, hangup: Bool) -> Interest {
        var interest: Interest = []
        if reading { interest.insert(.read) }
        if writing { interest.insert(.write) }
        if hangup { interest.insert(.hangup) }
        return interest
    }
}
