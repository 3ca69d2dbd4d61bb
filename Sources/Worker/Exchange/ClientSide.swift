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
    let service: ListenerService
    private let forwarding: Forwarding
    let receive: Buffer
    let send: Buffer

    init(connection: ClientConnection) {
        plane = connection.plane
        peer = connection.peer
        isTLS = connection.isTLS
        service = connection.service
        forwarding = connection.forwarding
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
    func writeInterimHead(_ head: ResponseHead, from source: Buffer) -> Bool { true }

    /// Begins the response. `close`: the connection closes behind it. False: there is no room for it.
    func writeResponseHead(
        _ head: ResponseHead, framing: MessageFraming, close: Bool, to request: RequestHead,
        from source: Buffer
    ) -> Bool { false }

    /// Sends what there is; a client that is gone ends the exchange.
    func flush() {}

    /// Whether the client has not yet taken what there is for it.
    var isBlocked: Bool { !send.isEmpty }

    /// A response may come in several records at once: what the client does not take waits here.
    var takesBulk: Bool { true }

    /// What is watched while the exchange goes on: that the client leaves, always; what it sends, if it may.
    func watchExchange(reading: Bool) {}

    /// Reads what the client's connection holds already.
    func receivePending() {}

    /// Whom the client's own certificate stands for.
    func certificateVerdict() -> CertificateVerdict { .none }

    /// What the connection knows of its last token.
    var tokens: TokenMemo? { nil }

    /// The connection is held by one request for long.
    func forgetToken() {}

    /// What a tunnel to the client would go through; nil: the protocol has no tunnels.
    var tunnelSocket: StreamSocket? { nil }

    /// The exchange is over, and this is how its response ends here.
    func exchangeEnded(_ ended: Exchange, _ reason: EndReason, _ end: ExchangeStateMachine.ClientEnd) {}

    // MARK: What is the same for all

    /// Judges the request's credentials; nil: it has none, and may not come without.
    ///
    /// - Parameter claimed: what the source of the token's distributed groups has answered.
    final func authenticate(
        _ head: RequestHead, of exchange: UInt64, claimed: [UInt8]? = nil
    ) -> AuthenticationOutcome? {
        let now = Double(plane.reactor.kernel.wallClock())
        return receive.view { bytes in
            if let token = BearerToken.find(bytes[head.authorization]) {
                return token.span { plane.authenticator.authenticate($0, now: now, claimed: claimed, memo: tokens) }
            }
            if head.upgrade == .webSocket, head.hasWebSocketProtocols {
                parseAgainIfNeeded(bytes, for: exchange)
                if let outcome = authenticateByProtocol(bytes, now: now, claimed: claimed) { return outcome }
            }
            return plane.authenticator.anonymous?.identity(for: head.path, in: bytes).map { .anonymous($0) }
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
            return WebSocketProtocols.decode(range, in: bytes)
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

    /// The names of the fields by which the request says so, each once, as the client spells them.
    final func impersonationFields(_ head: RequestHead, of exchange: UInt64) -> [String] {
        receive.view { bytes in
            parseAgainIfNeeded(bytes, for: exchange)
            var names: [String] = []
            for index in 0..<plane.fields.count where plane.fields[index].known == .impersonate {
                var copy: [UInt8] = []
                bytes[plane.fields[index].name].append(to: &copy)
                let name = String(decoding: copy, as: UTF8.self)
                if !names.contains(name) { names.append(name) }
            }
            return names
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
            guard let decoded = WebSocketProtocols.decode(range, in: bytes) else {
                return .refused(Refusal(.malformed, "the subprotocol's token is not base64url of visible characters"))
            }
            return plane.authenticator.authenticate(decoded.span, now: now, claimed: claimed)
        }
    }

    /// What the request is called: as the client calls it, if that will do.
    final func auditID(of head: RequestHead) -> AuditID {
        if !head.auditID.isEmpty, let given = receive.view({ AuditID($0[head.auditID]) }) { return given }
        return plane.makeAuditID()
    }

    /// Whether the request has the token that the listener's callers have.
    final func isByCaller(_ head: RequestHead) -> Bool {
        receive.view { bytes in service.isCallers(BearerToken.find(bytes[head.authorization]) ?? .empty) }
    }

    /// What came of writing a request's head.
    enum HeadOutcome {
        case written
        /// No buffer is large enough for it.
        case tooLarge
        /// The buffer pool is at its limit.
        case noBuffer
    }

    /// Writes the request's head as the API server is to see it.
    final func writeRequestHead(
        _ head: RequestHead, of exchange: Exchange, identity: Identity, to target: Buffer
    ) -> HeadOutcome {
        var authorization = plane.upstream.credentials.authorization
        if identity.forwardsToken {
            // A token that cannot be found again any more must not become the gateway's own.
            guard let token = copyToken(head, of: exchange.id) else { return .tooLarge }
            authorization = Array("Authorization: Bearer ".utf8) + token + [0x0d, 0x0a]
        }
        // The client's host comes three times more.
        let room =
            head.headLength + identity.impersonationHeader.count + authorization.count + forwarding.room
            + 3 * Int(head.host.count) + 512
        guard target.reserve(room) else {
            return target.count + room > BufferPool.Size.large.rawValue ? .tooLarge : .noBuffer
        }
        let isWritten = receive.view { bytes in
            parseAgainIfNeeded(bytes, for: exchange.id)
            return ByteView.of(plane.upstream.authority) { authority in
                ByteView.of(identity.impersonationHeader) { block in
                    target.write { writer in
                        RequestHeadEditor(authority: authority, block: block, tunnel: exchange.asksForTunnel)
                            .write(head, fields: plane.fields, from: bytes, into: &writer) { writer in
                                ByteView.of(authorization) { writer.append($0) }
                                forwarding.write(head, fields: plane.fields, from: bytes, into: &writer)
                                exchange.auditID.writeField(into: &writer)
                            }
                    }
                }
            }
        }
        return isWritten ? .written : .tooLarge
    }

    /// The worker's one table of fields may have been used for another head while this one waited.
    private func parseAgainIfNeeded(_ bytes: ByteView, for exchange: UInt64) {
        guard plane.fieldsOwner != exchange else { return }
        var scan = HeadScan()
        _ = RequestHeadParser.parse(bytes, scan: &scan, into: plane.fields, limits: plane.limits)
        plane.fieldsOwner = exchange
    }

    /// What the log's line will say of a request whose head lies in `receive`; empty where there is no log.
    final func describe(_ head: RequestHead, _ info: RequestInfo) -> [UInt8] {
        guard plane.requestLog.isOn else { return [] }
        return receive.view { RequestLog.describe(head, info, in: $0, listener: service.name, transport) }
    }

    /// Counts and logs a request that is refused before it has become an exchange.
    ///
    /// - Parameters:
    ///   - status: 0: it gets no response.
    ///   - end: as a line of the log names it.
    ///   - head: which lies in `receive`; nil: there is none that could be read.
    final func countRefusal(
        status: Int, _ end: @autoclosure () -> String, _ head: RequestHead? = nil, _ info: RequestInfo? = nil
    ) {
        plane.countWithoutExchange(transport, status: status)
        guard plane.requestLog.isOn else { return }
        let about =
            if let head, let info { describe(head, info) } else {
                RequestLog.describe(listener: service.name, transport)
            }
        var entry = RequestLog.Entry(client: peer, about: about)
        entry.status = status
        entry.reason = end()
        plane.requestLog.record(entry)
    }

    /// The request's head is not needed any more.
    func consumeHead(_ head: RequestHead) {
        receive.consume(min(head.headLength, receive.count))
        // A watch may go on for hours: what its head lay in is not kept for it.
        receive.giveBackIfEmpty()
    }
}
