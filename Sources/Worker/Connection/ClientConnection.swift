// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// One client's connection, from the hand-off to its close: TLS handshake, then one exchange after the other (a
/// pipelined request waits for its turn in the buffer), then a proper end.
final class ClientConnection: EventHandler, TimerHandler {
    enum Phase: Equatable {
        case handshake
        /// Between requests, or in the middle of a request's head.
        case head
        /// An exchange goes on.
        case exchange
        /// The response's last bytes go out.
        case flushing(thenClose: Bool)
        /// We have said our last word; what the client still sends is read and dropped for a moment, since a close
        /// with unread bytes would be a reset, and that could take our answer from the client's hands.
        case lingering
        case closed
    }

    /// The supervisor's number of it.
    let id: UInt64
    let peer: SocketAddress
    let plane: Plane
    private unowned let connections: ClientConnections
    let isTLS: Bool
    private var socket: StreamSocket?
    private(set) var phase: Phase
    var receive: Buffer
    var send: Buffer
    private var scan = HeadScan()
    private var headStarted = false
    private(set) var exchange: Exchange?
    private var timer = DeadlineTimer()
    private var isClaimed = false
    private var requestsServed = 0
    private var isPumping = false
    private var closesAfterResponse = false
    private var lingered = 0

    private static let lingerTime = Duration.seconds(2)
    private static let lingerBytes = 262_144
    /// Bytes of a next request that are taken in while one goes on.
    private static let pipelineBytes = 4_096

    init(
        id: UInt64, peer: SocketAddress, plane: Plane, connections: ClientConnections, isTLS: Bool
    ) {
        self.id = id
        self.peer = peer
        self.plane = plane
        self.connections = connections
        self.isTLS = isTLS
        phase = isTLS ? .handshake : .head
        receive = Buffer(pool: plane.buffers)
        send = Buffer(pool: plane.buffers)
    }

    /// Takes the socket over. Nothing is read before it is readable: until then another worker could still have it.
    func open(_ descriptor: consuming FileDescriptor, tls context: TLSContext?) {
        do throws(Errno) {
            let socket = try StreamSocket(
                reactor: plane.reactor, owning: descriptor.release(), interest: [.read, .hangup], handler: self)
            self.socket = socket
            socket.prepare(userTimeout: plane.configuration.deadlines.bodyProgress)
        } catch {
            plane.logger.warning("connection not taken", metadata: ["error": "\(error)"])
            phase = .closed
            return connections.closed(self)
        }
        if let context {
            do throws(TLSError) {
                try socket?.startTLS(accepting: context)
            } catch {
                plane.logger.warning("TLS session not made", metadata: ["error": "\(error)"])
                return close(reset: true)
            }
        }
        let deadlines = plane.configuration.deadlines
        setDeadline(plane.reactor.now + (isTLS ? deadlines.tlsHandshake : deadlines.requestHead))
    }

    // MARK: Events

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        switch phase {
        case .handshake: shakeHands(readiness)
        case .head: pump()
        case .exchange: exchangeEvent(readiness)
        case .flushing: readiness.contains(.failed) ? close(reset: true) : pump()
        case .lingering: linger()
        case .closed: break
        }
        claim()
    }

    /// Says that bytes of this connection were read, so that no other worker can have it any more.
    private func claim() {
        guard !isClaimed, phase != .closed else { return }
        isClaimed = true
        connections.claimed(self)
    }

    private func shakeHands(_ readiness: Readiness) {
        guard let socket else { return }
        switch socket.handshake() {
        case .pending:
            if !readiness.isDisjoint(with: [.peerClosed, .failed]) { failHandshake(.connectionLost) }
        case .failed(let error): failHandshake(error)
        case .complete:
            plane.panel.add(.tlsHandshakes)
            phase = .head
            socket.want([.read, .hangup])
            setDeadline(plane.reactor.now + plane.configuration.deadlines.requestHead)
            pump()
        }
    }

    private func failHandshake(_ error: TLSError) {
        plane.panel.add(.tlsFailures)
        plane.logger.debug("TLS handshake failed", metadata: ["client": "\(peer)", "error": "\(error)"])
        close(reset: false)
    }

    private func exchangeEvent(_ readiness: Readiness) {
        guard let exchange else { return }
        if readiness.contains(.failed) { return exchange.clientLeft(.reset) }
        // A client that has sent its FIN has left, whatever it may still have sent before (design: section 1).
        if readiness.contains(.peerClosed) { return exchange.clientLeft(.closed) }
        if readiness.contains(.readable) { receiveDuringExchange(exchange) }
        if readiness.contains(.writable), phase == .exchange {
            flush()
            self.exchange?.receiveResponse()
        }
        self.exchange?.clientProgressed()
    }

    private func receiveDuringExchange(_ exchange: Exchange) {
        guard let socket else { return }
        for _ in 0..<16 {
            let wanted = exchange.wantsRequestBytes ? BufferPool.Size.medium.rawValue - 1_024 : 512
            guard receive.isEmpty || receive.room >= 512 || receive.count < Self.pipelineBytes else { return }
            guard receive.reserve(receive.isEmpty ? wanted : 512) else { return }
            switch socket.receive(into: &receive) {
            case .moved:
                exchange.clientProgressed()
                guard self.exchange === exchange, socket.hasPending || receive.isFull else { return }
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
                guard send.isEmpty else { return watchFlushing() }
                if thenClose { return finishAndClose() }
                becomeIdle()
            case .head:
                guard readHead() else { return }
            case .handshake, .exchange, .lingering, .closed: return
            }
        }
    }

    private func becomeIdle() {
        phase = .head
        scan = HeadScan()
        headStarted = false
        guard receive.isEmpty else { return }
        if plane.isDraining { return close(reset: false) }
        receive.giveBackIfEmpty()
        send.giveBackIfEmpty()
        socket?.want([.read, .hangup])
        setDeadline(plane.reactor.now + plane.configuration.deadlines.keepAliveIdle)
    }

    /// Looks for a head in what was received, and reads more once; false when there is nothing more to do now.
    private func readHead() -> Bool {
        if !receive.isEmpty {
            if !headStarted {
                headStarted = true
                setDeadline(plane.reactor.now + plane.configuration.deadlines.requestHead)
            }
            switch parseHead() {
            case .arrived(let head, let info, let summary):
                begin(head, info, summary)
                return true
            case .refused(let fault):
                plane.panel.add(.malformedRequests)
                answer(GatewayAnswer(fault), to: nil, close: true)
                return true
            case .incomplete: break
            }
        }
        guard let socket, receive.reserve(receive.isEmpty ? 4_096 : 1_024) else {
            close(reset: true)
            return false
        }
        switch socket.receive(into: &receive) {
        case .moved: return true
        case .blocked:
            receive.giveBackIfEmpty()
            socket.want([.read, .hangup])
            return false
        case .endOfStream, .lost, .noBuffer:
            close(reset: false)
            return false
        }
    }

    private enum Arrival {
        case incomplete
        case refused(HTTPFault)
        case arrived(RequestHead, RequestInfo, ExchangeRow)
    }

    private func parseHead() -> Arrival {
        receive.view { bytes in
            switch RequestHeadParser.parse(bytes, scan: &scan, into: plane.fields, limits: plane.limits) {
            case .incomplete: return .incomplete
            case .refused(let fault): return .refused(fault)
            case .complete(let head):
                var summary = ExchangeRow()
                summary.client = peer
                summary.method = bytes[head.methodName].fixedText()
                summary.path = bytes[head.path].fixedText()
                return .arrived(head, RequestInfo(head, in: bytes), summary)
            }
        }
    }

    private func begin(_ head: RequestHead, _ info: RequestInfo, _ summary: ExchangeRow) {
        requestsServed += 1
        closesAfterResponse = !head.keepAlive
        timer.set(.never, on: plane.reactor, handler: self)
        guard let number = plane.openExchange() else {
            plane.panel.add(.overloadRefusals)
            let answer = GatewayAnswer(.refused(.tooManyInFlight)) ?? GatewayAnswer(.invalidRequestLine)
            receive.consume(head.headLength)
            return self.answer(answer, to: head, close: !head.keepAlive || !head.framing.isEmpty)
        }
        plane.fieldsOwner = number.id
        phase = .exchange
        let exchange = Exchange(
            plane: plane, client: self, number: number, head: head, info: info, summary: summary)
        self.exchange = exchange
        exchange.start()
        exchange.advance()
    }

    // MARK: Ends

    /// The exchange is over, and this is how its response ends here.
    func exchangeEnded(_ ended: Exchange, _ reason: EndReason, _ end: ExchangeStateMachine.ClientEnd) {
        exchange = nil
        switch end {
        case .finish: phase = .flushing(thenClose: closesAfterResponse || plane.isDraining)
        case .finishAndClose: phase = .flushing(thenClose: true)
        case .answer:
            guard let answer = GatewayAnswer(reason) else { return close(reset: true) }
            ended.status = answer.code
            self.answer(
                answer, to: ended.head,
                close: closesAfterResponse || plane.isDraining
                    || !(ended.machine.requestComplete || ended.head.framing.isEmpty))
        case .cut:
            flushOnce()
            // Where only the connection's end marks the body's, a FIN would be a lie; RST is not.
            let delimited = ended.response.isDelimited
            send.isEmpty && delimited ? cut() : close(reset: true)
        case .drop: close(reset: true)
        }
        pump()
    }

    /// Answers for the gateway itself.
    private func answer(_ answer: GatewayAnswer, to head: RequestHead?, close: Bool) {
        closesAfterResponse = close
        phase = .flushing(thenClose: close)
        plane.panel.add(Figure.responses(status: answer.code))
        guard send.reserve(2_048) else { return self.close(reset: true) }
        let written = ByteView.of(Array(answer.message.utf8)) { message in
            send.write { writer in
                ErrorResponse(
                    body: StatusBody(
                        code: answer.code, reason: answer.reason, message: message, retryAfter: answer.retryAfter),
                    close: close, isHead: head?.method == .head, minorVersion: head?.minorVersion ?? 1
                ).write(into: &writer)
            }
        }
        if !written { self.close(reset: true) }
    }

    private func finishAndClose() {
        phase = .lingering
        lingered = 0
        receive.discardAll()
        send.discardAll()
        socket?.finishSending()
        socket?.want([.read, .hangup])
        setDeadline(plane.reactor.now + Self.lingerTime)
        linger()
    }

    private func linger() {
        guard let socket else { return }
        while lingered < Self.lingerBytes {
            guard receive.reserve(4_096) else { break }
            switch socket.receive(into: &receive) {
            case .moved(let count):
                lingered += count
                receive.discardAll()
                continue
            case .blocked:
                receive.giveBackIfEmpty()
                return
            case .endOfStream, .lost, .noBuffer: break
            }
            break
        }
        close(reset: false)
    }

    func close(reset: Bool) {
        guard phase != .closed else { return }
        socket?.close(reset: reset)
        end()
    }

    /// Ends it so that a TLS client sees a truncated stream.
    private func cut() {
        guard phase != .closed else { return }
        socket?.cut()
        end()
    }

    private func end() {
        phase = .closed
        socket = nil
        timer.cancel(on: plane.reactor)
        receive.discardAll()
        send.discardAll()
        connections.closed(self)
    }

    // MARK: Drain

    /// The worker drains: a connection between two requests closes now, every other after its next response.
    func drain() {
        guard phase == .head, requestsServed > 0, receive.isEmpty else { return }
        close(reset: false)
    }

    /// The drain's deadline has come.
    func cutNow() {
        if let exchange { exchange.cut() } else { close(reset: false) }
        // An answer that the client does not take at once is not waited for.
        if phase != .closed { close(reset: !send.isEmpty) }
    }

    // MARK: Deadlines

    private func setDeadline(_ deadline: Instant) {
        timer.set(deadline, on: plane.reactor, handler: self)
    }

    func timerFired(tag: UInt32, now: Instant) {
        guard timer.isDue(now: now, on: plane.reactor, handler: self) else { return }
        switch phase {
        case .handshake: failHandshake(.failed("deadline"))
        case .head where headStarted:
            plane.panel.add(.deadlinesExceeded)
            answer(
                GatewayAnswer(code: 408, reason: .timeout, message: "the request's head did not arrive in time"),
                to: nil, close: true)
            pump()
        case .head, .lingering: close(reset: false)
        case .flushing:
            plane.panel.add(.deadlinesExceeded)
            close(reset: true)
        case .exchange, .closed: break
        }
    }

    // MARK: For the exchange

    /// The response tells the client that the connection closes behind it.
    func closeAfterResponse() { closesAfterResponse = true }

    /// Whether the client has not yet taken what there is for it.
    var isBlocked: Bool { !send.isEmpty }

    /// Sends what there is; a client that is gone ends the exchange.
    func flush() {
        guard flushOnce() else {
            if let exchange { exchange.clientLeft(.reset) } else { close(reset: true) }
            return
        }
        if send.isEmpty { send.giveBackIfEmpty() }
    }

    /// False: the connection is lost.
    @discardableResult
    private func flushOnce() -> Bool {
        guard let socket else { return phase != .closed }
        while !send.isEmpty {
            switch socket.send(from: &send) {
            case .moved: exchange?.progressed()
            case .blocked: return true
            case .endOfStream, .lost, .noBuffer: return false
            }
        }
        return true
    }

    private func watchFlushing() {
        socket?.want([.write, .hangup])
        setDeadline(plane.reactor.now + plane.configuration.deadlines.bodyProgress)
    }

    /// What is watched while an exchange goes on: that the client leaves, always; what it sends, if it may.
    func watchExchange(reading: Bool) {
        var interest: Interest = [.hangup]
        if !send.isEmpty { interest.insert(.write) }
        if reading, exchange?.wantsRequestBytes ?? false || receive.count < Self.pipelineBytes {
            interest.insert(.read)
        }
        socket?.want(interest)
    }
}

extension ByteView {
    fileprivate func fixedText<let capacity: Int>() -> FixedText<capacity> {
        unsafe withPointer { unsafe FixedText(UnsafeRawBufferPointer(start: $0, count: count)) }
    }
}
