// SPDX-License-Identifier: Apache-2.0

import Shared

/// HTTP/1.1 (and 1.0) with one client: one exchange after the other; a pipelined request waits for its turn in the
/// buffer.
final class HTTP1Session: ClientSide, ClientSession {
    enum Phase: Equatable {
        /// Between requests, or in the middle of a request's head.
        case head
        /// An exchange goes on.
        case exchange
        /// The response's last bytes go out.
        case flushing(thenClose: Bool)
        case ended
    }

    /// Which lets go of its session when it closes.
    let connection: ClientConnection
    var phase = Phase.head
    var scan = HeadScan()
    var headStarted = false
    var exchange: Exchange?
    /// The last one, which is over, and may carry the next request.
    var former: Exchange?
    var requestsServed = 0
    private var isPumping = false
    var closesAfterResponse = false
    /// There is no memory for a pipelined request at the moment.
    private var leavesNextToKernel = false

    /// Bytes of a next request that are taken in while one goes on.
    private static let pipelineBytes = 4_096
    /// Bytes of a body that are taken in before any can go on: a trailer section is judged whole.
    private static let unrelayedBytes = 12_288
    /// While draining: a client may have sent its next request before it could know. It is answered within this time,
    /// and told `Connection: close`; who is idle for longer finds the connection closed.
    private static let idleGraceAtDrain = Duration.milliseconds(500)

    override init(connection: ClientConnection) {
        self.connection = connection
        super.init(connection: connection)
    }

    // MARK: Events

    func start() { pump() }

    func ready(_ readiness: Readiness, now: Instant) {
        switch phase {
        case .head: pump()
        case .exchange: exchangeEvent(readiness)
        case .flushing: readiness.contains(.failed) ? connection.close(reset: true) : pump()
        case .ended: break
        }
    }

    private func exchangeEvent(_ readiness: Readiness) {
        guard let exchange else { return }
        if exchange.isTunnel { return exchange.tunnelClientEvent(readiness) }
        if readiness.contains(.failed) { return exchange.clientLeft(.reset) }
        // A client that has sent its FIN has left, whatever it may still have sent before (design: section 1).
        if readiness.contains(.peerClosed), !DeliberateFault.isOn(.hangupIgnored) {
            return exchange.clientLeft(.closed)
        }
        if readiness.contains(.readable) { receiveDuringExchange(exchange) }
        if readiness.contains(.writable), phase == .exchange {
            flush()
            self.exchange?.receiveResponse()
        }
        self.exchange?.clientProgressed()
    }

    private func receiveDuringExchange(_ exchange: Exchange) {
        for _ in 0..<16 {
            let wanted = exchange.wantsRequestBytes ? BufferPool.Size.medium.rawValue - 1_024 : 512
            let most = exchange.wantsRequestBytes ? Self.unrelayedBytes : Self.pipelineBytes
            guard receive.isEmpty || receive.room >= 512 || receive.count < most else { return }
            guard receive.reserve(receive.isEmpty ? wanted : 512) || receive.reserve(1) else {
                return outOfBuffers(exchange)
            }
            switch connection.receive(into: receive) {
            case .moved:
                exchange.clientProgressed()
                guard self.exchange === exchange, connection.hasPending || receive.isFull else { return }
                guard exchange.wantsRequestBytes else { return }
            case .blocked:
                receive.giveBackIfEmpty()
                return
            case .noBuffer: return
            case .endOfStream: return exchange.clientLeft(.closed)
            case .lost: return exchange.clientLeft(.reset)
            }
        }
    }

    /// The bytes that wait would be told of again and again: either they matter, and then this is the request's end,
    /// or they are a later request's, and are left to the kernel until this one is over.
    private func outOfBuffers(_ exchange: Exchange) {
        if exchange.wantsRequestBytes { return exchange.outOfBuffers() }
        leavesNextToKernel = true
    }

    func deadlinePassed(now: Instant) {
        switch phase {
        case .head where headStarted:
            plane.count(.requestHead)
            countRefusal(status: 408, "deadline_request_head")
            answer(
                GatewayAnswer(code: 408, reason: .timeout, message: "the request's head did not arrive in time"),
                to: nil, close: true)
            pump()
        case .head: connection.close(reset: false)
        case .flushing:
            plane.count(.lastBytes)
            connection.close(reset: true)
        case .exchange, .ended: break
        }
    }

    // MARK: Requests

    /// Goes on as far as possible: sends what is left of a response, then looks for the next request.
    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while true {
            switch phase {
            case .flushing(let thenClose):
                flush()
                // A client that is gone has ended this session meanwhile.
                guard phase != .ended || DeliberateFault.isOn(.flushOutlivesSession) else { return }
                guard send.isEmpty else { return watchFlushing() }
                if thenClose { return connection.finishAndLinger() }
                guard becomeIdle() else { return }
            case .head:
                guard readHead() else { return }
            case .exchange, .ended: return
            }
        }
    }

    private func watchFlushing() {
        // Not the client's FIN, which would be told again and again: it changes nothing any more, and a reset is told
        // in any case.
        connection.want(.write)
        connection.setDeadline(plane.reactor.now.later(by: plane.waits.bodyProgress))
    }

    /// Waits for the next request; true when there may be something of it already.
    private func becomeIdle() -> Bool {
        phase = .head
        scan = HeadScan()
        headStarted = false
        guard receive.isEmpty else { return true }
        receive.giveBackIfEmpty()
        send.giveBackIfEmpty()
        connection.want(.readAndHangup)
        let now = plane.reactor.now
        let limit = plane.isDraining ? now + Self.idleGraceAtDrain : now.later(by: plane.waits.keepAliveIdle)
        connection.setDeadline(DeliberateFault.isOn(.idleDeadlineForgotten) ? .never : limit)
        return connection.hasPending
    }

    // MARK: For the exchange

    override func writeInterimHead(_ head: ResponseHead, from source: Buffer) -> Bool {
        writeHead(head, ResponseHeadEditor(framing: .none, close: false, minorVersion: 1), from: source)
    }

    override func writeResponseHead(
        _ head: ResponseHead, framing: MessageFraming, close: Bool, to request: RequestHead,
        from source: Buffer
    ) -> Bool {
        if close || framing == .untilClose { closesAfterResponse = true }
        // Should this worker be killed, its kernel must not send the FIN that would mark a whole body, or a tunnel's end.
        if framing == .untilClose || head.switchesProtocols { connection.resetIfKilled() }
        return writeHead(
            head,
            ResponseHeadEditor(
                framing: framing, close: close, minorVersion: request.minorVersion, auditID: exchange?.auditID),
            from: source)
    }

    private func writeHead(
        _ head: ResponseHead, _ editor: ResponseHeadEditor, from source: Buffer
    ) -> Bool {
        // With room for what of the body came along, so that both leave in one TLS record.
        let wanted = min(head.headLength + 256 + source.count, BufferPool.Size.medium.rawValue)
        guard send.reserve(max(wanted, head.headLength + 256)) else { return false }
        return source.view { bytes in
            send.write { writer in editor.write(head, fields: plane.fields, from: bytes, into: &writer) }
        }
    }

    override func flush() {
        guard connection.send(from: send, onProgress: { exchange?.progressed() }) else {
            if let exchange { exchange.clientLeft(.reset) } else { connection.close(reset: true) }
            return
        }
        send.giveBackIfEmpty()
    }

    override func watchExchange(reading: Bool) {
        var interest = DeliberateFault.isOn(.hangupNotWatched) ? Interest.none : .hangup
        if !send.isEmpty { interest = interest.union(.write) }
        let takesNext = receive.count < Self.pipelineBytes && !leavesNextToKernel
        if reading, exchange?.wantsRequestBytes ?? false || takesNext {
            interest = interest.union(.read)
        }
        connection.want(interest)
        if interest.contains(.read), connection.hasPending { exchange?.continueLater() }
    }

    override func certificateVerdict() -> CertificateVerdict { connection.certificateVerdict() }

    override var tokens: TokenMemo? { connection.tokens }

    override func forgetToken() { connection.forgetToken() }

    override var tunnelSocket: StreamSocket? { connection.tunnelSocket }

    override func receivePending() {
        if let exchange, connection.hasPending { receiveDuringExchange(exchange) }
    }

    override func exchangeEnded(_ ended: Exchange, _ reason: EndReason, _ end: ExchangeStateMachine.ClientEnd) {
        exchange = nil
        // Any other lets go of what it has at once, and not at the next request.
        former = ended.mayCarryAnother ? ended : nil
        leavesNextToKernel = false
        switch end {
        // A client that was not told that the connection closes may have sent its next request: while draining, it is
        // waited for as on any idle connection.
        case .finish: phase = .flushing(thenClose: closesAfterResponse)
        case .finishAndClose: phase = .flushing(thenClose: true)
        case .answer:
            guard let answer = ended.answer(to: reason) else { return connection.close(reset: true) }
            ended.status = answer.code
            self.answer(
                answer, to: ended.head,
                close: closesAfterResponse || plane.isDraining || !ended.isRequestConsumed || ended.asksForTunnel)
        case .cut:
            let alive = connection.send(from: send, onProgress: {})
            // Where only the connection's end marks the body's, a FIN would be a lie; RST is not. In a tunnel, TLS tells.
            let delimited = ended.response.isDelimited || DeliberateFault.isOn(.cutLooksWhole)
            let shows = ended.hadTunnel ? isTLS : delimited
            alive && send.isEmpty && shows ? connection.cut() : connection.close(reset: true)
        case .drop: connection.close(reset: true)
        }
        pump()
    }

    // MARK: For the connection

    func drain() {
        guard phase == .head, requestsServed > 0, receive.isEmpty else { return }
        connection.setDeadline(plane.reactor.now + Self.idleGraceAtDrain)
    }

    func cutExchanges() { exchange?.cut() }

    func forEachExchange(_ body: (Exchange) -> Void) {
        if let exchange { body(exchange) }
    }

    func exchange(_ id: UInt64) -> Exchange? { exchange?.id == id ? exchange : nil }

    func connectionClosed() {
        phase = .ended
        receive.discardAll()
        send.discardAll()
        // The connection never closes under an exchange by itself; should it ever, the exchange must not live on.
        exchange?.clientLeft(.reset)
        former = nil
    }
}
