// SPDX-License-Identifier: Apache-2.0

import Shared

/// The client's side of one exchange: an HTTP/1 session, which has one at a time, or one stream of an HTTP/2 session.
///
/// Whatever the protocol, the request's head lies at the front of `receive` in HTTP/1's form, so that one strict parser
/// and one editor serve all; the body follows it. What the client is to get waits in `send`.
class ClientSide {
    let plane: Plane
    let peer: SocketAddress
    let isTLS: Bool
    /// Rebuilt, never taken from the client (the codec drops what it sent of these).
    private let forwardedFields: [UInt8]
    var receive: Buffer
    var send: Buffer

    init(plane: Plane, peer: SocketAddress, isTLS: Bool) {
        self.plane = plane
        self.peer = peer
        self.isTLS = isTLS
        forwardedFields = Array(
            "X-Forwarded-For: \(peer.host)\r\nX-Forwarded-Proto: \(isTLS ? "https" : "http")\r\n".utf8)
        receive = Buffer(pool: plane.buffers)
        send = Buffer(pool: plane.buffers)
    }

    // MARK: What a protocol must do

    /// The protocol, as requests are counted by it.
    var transport: RequestSeries.Transport { .http1 }

    /// How the request's body is framed in `receive`.
    func bodyFraming(of head: RequestHead) -> MessageFraming { head.framing }

    /// Where the body's framing in `receive` does not show its end: that it ended behind what is there, and with which
    /// trailers (lines with their CRLF). nil: it goes on, or its framing tells.
    var requestTrailers: [UInt8]? { nil }

    /// How the response's body is to be framed in `send`.
    func framing(of response: ResponseHead, to head: RequestHead) -> MessageFraming {
        ResponseHeadEditor.framing(of: response, minorVersion: head.minorVersion)
    }

    /// Passes an interim response (1xx) on, whose fields are in the plane's table. False: there is no room for it.
    func writeInterimHead(_ head: ResponseHead, from source: borrowing Buffer) -> Bool { true }

    /// Begins the response. `close`: the connection closes behind it. False: there is no room for it.
    func writeResponseHead(
        _ head: ResponseHead, framing: MessageFraming, close: Bool, to request: RequestHead,
        from source: borrowing Buffer
    ) -> Bool { false }

    /// Sends what there is; a client that is gone ends the exchange.
    func flush() {}

    /// Whether the client has not yet taken what there is for it.
    var isBlocked: Bool { !send.isEmpty }

    /// What is watched while the exchange goes on: that the client leaves, always; what it sends, if it may.
    func watchExchange(reading: Bool) {}

    /// Reads what the client's connection holds already.
    func receivePending() {}

    /// Whom the client's own certificate stands for.
    func certificateVerdict() -> CertificateVerdict { .none }

    /// What a tunnel to the client would go through; nil: the protocol has no tunnels.
    var tunnelSocket: StreamSocket? { nil }

    /// The exchange is over, and this is how its response ends here.
    func exchangeEnded(_ ended: Exchange, _ reason: EndReason, _ end: ExchangeStateMachine.ClientEnd) {}

    // MARK: What is the same for all

    /// Judges the request's credentials; nil: it has none.
    ///
    /// - Parameter claimed: what the source of the token's distributed groups has answered.
    final func authenticate(
        _ head: RequestHead, of exchange: UInt64, claimed: [UInt8]? = nil
    ) -> AuthenticationOutcome? {
        let now = Double(plane.reactor.kernel.wallClock())
        return receive.view { bytes in
            if let token = BearerToken.find(bytes[head.authorization]) {
                return token.span { plane.authenticator.authenticate($0, now: now, claimed: claimed) }
            }
            guard head.upgrade == .webSocket, head.hasWebSocketProtocols else { return nil }
            parseAgainIfNeeded(bytes, for: exchange)
            return authenticateByProtocol(bytes, now: now, claimed: claimed)
        }
    }

    /// A copy of the request's token, for those who must ask others about it.
    final func copyToken(_ head: RequestHead, of exchange: UInt64) -> [UInt8]? {
        receive.view { bytes in
            if let token = BearerToken.find(bytes[head.authorization]) {
                var copy: [UInt8] = []
                token.append(to: &copy)
                return copy
            }
            guard head.upgrade == .webSocket, head.hasWebSocketProtocols else { return nil }
            parseAgainIfNeeded(bytes, for: exchange)
            guard case .encoded(let range) = WebSocketProtocols.token(in: plane.fields, of: bytes) else { return nil }
            return bytes[range].span { Base64URL.decode($0, 0..<$0.count) }
        }
    }

    /// Whom the request wants to act as.
    final func impersonation(
        _ head: RequestHead, of exchange: UInt64
    ) -> Result<ImpersonationRequest, ImpersonationRequest.Fault> {
        receive.view { bytes in
            parseAgainIfNeeded(bytes, for: exchange)
            do throws(ImpersonationRequest.Fault) {
                return .success(try ImpersonationRequest(plane.fields, in: bytes))
            } catch {
                return .failure(error)
            }
        }
    }

    private func authenticateByProtocol(
        _ bytes: ByteView, now: Double, claimed: [UInt8]?
    ) -> AuthenticationOutcome? {
        switch WebSocketProtocols.token(in: plane.fields, of: bytes) {
        case .none: return nil
        case .invalid:
            return .refused(Refusal(.malformed, "one token and one other subprotocol are needed"))
        case .encoded(let range):
            let decoded = bytes[range].span { Base64URL.decode($0, 0..<$0.count) }
            guard let decoded else { return .refused(Refusal(.malformed, "the subprotocol's token is not base64url")) }
            return plane.authenticator.authenticate(decoded.span, now: now, claimed: claimed)
        }
    }

    /// Writes the request's head as the API server is to see it. False: there is no room for it.
    ///
    /// - Parameter tunnel: the request's upgrade is asked for there as well.
    final func writeRequestHead(
        _ head: RequestHead, of exchange: UInt64, identity: Identity, tunnel: Bool, to target: inout Buffer
    ) -> Bool {
        var authorization = plane.upstream.credentials.authorization
        if identity.forwardsToken {
            // A token that cannot be found again any more must not become the gateway's own.
            guard let token = copyToken(head, of: exchange) else { return false }
            authorization = Array("Authorization: Bearer ".utf8) + token + [0x0d, 0x0a]
        }
        let room = head.headLength + identity.impersonationHeader.count + authorization.count + 512
        guard target.reserve(room) else { return false }
        return receive.view { bytes in
            parseAgainIfNeeded(bytes, for: exchange)
            var block = identity.impersonationHeader
            block.append(contentsOf: authorization)
            block.append(contentsOf: forwardedFields)
            return ByteView.of(plane.upstream.authority) { authority in
                ByteView.of(block) { block in
                    target.write { writer in
                        RequestHeadEditor(authority: authority, block: block, tunnel: tunnel)
                            .write(head, fields: plane.fields, from: bytes, into: &writer)
                    }
                }
            }
        }
    }

    /// The worker's one table of fields may have been used for another head while this one waited.
    private func parseAgainIfNeeded(_ bytes: ByteView, for exchange: UInt64) {
        guard plane.fieldsOwner != exchange else { return }
        var scan = HeadScan()
        _ = RequestHeadParser.parse(bytes, scan: &scan, into: plane.fields, limits: plane.limits)
        plane.fieldsOwner = exchange
    }

    /// The request's head is not needed any more.
    func consumeHead(_ head: RequestHead) {
        receive.consume(min(head.headLength, receive.count))
    }
}
