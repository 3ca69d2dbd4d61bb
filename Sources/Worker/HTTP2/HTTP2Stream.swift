// SPDX-License-Identifier: Apache-2.0

import Shared

/// One stream of an HTTP/2 session: the client's side of one exchange.
///
/// In `receive` lies the request's head in HTTP/1's form, then its body without framing; in `send` the response's body,
/// without framing too. The response's head goes to the session's engine at once.
final class HTTP2Stream: ClientSide, HTTP2BodySource {
    let id: Int32
    /// Which lets go of its streams when they close.
    private let session: HTTP2Session
    var exchange: Exchange?
    /// The header block that opens it has not ended yet.
    var isBeginning = true
    /// The request is a HEAD, which no answer's body may follow.
    var isHead = false
    /// The head was written into `receive`, and is there until the exchange lets go of it.
    private var holdsHead = true
    /// Why the request cannot be served, found before there was a whole head.
    var headRefusal: HTTPFault?
    /// Body bytes that came while the head was still needed; the head's buffer could not hold both.
    private let early: Buffer
    /// Body bytes that came, and of these those that the window was given back for.
    private var arrived = 0
    private var consumed = 0
    /// The trailers of the request once its end has come.
    private var endTrailers: [UInt8]?
    /// Those of the response once all of it is in `send`.
    private var responseEnd: [UInt8]?
    /// The engine has taken what it could and left some: the client's window is closed.
    private var isStuck = false
    /// The exchange knows that it must wait.
    private(set) var isHeld = false
    /// Noted by the session as one to look after once the engine is done.
    var isTouched = false
    /// Closed by either side; nothing can be sent on it any more.
    var isClosed = false
    /// The response's end was sent, and the request goes on.
    var isLingering = false
    /// Until when a complete response may wait for the client to take it.
    var stallDeadline = Instant.never

    /// With so much waiting in `send`, no more is read from the API server.
    private static let enough = 8_192

    init(_ id: Int32, of session: HTTP2Session) {
        self.id = id
        self.session = session
        early = Buffer(pool: session.plane.buffers)
        super.init(connection: session.connection)
    }

    // MARK: The request

    /// Body bytes have found no room: what comes behind the gap is nobody's, least of all the API server's.
    private(set) var isStarved = false

    /// Whether body bytes have anywhere to go.
    var wantsData: Bool { !isClosed && !isStarved && responseEnd == nil && (holdsHead || exchange != nil) }

    /// Takes body bytes in; false: there is no room, which only the pool's limit can cause.
    func take(_ data: ByteView) -> Bool {
        arrived += data.count
        let isTaken = Self.add(data, to: holdsHead ? early : receive)
        if !isTaken, !DeliberateFault.isOn(.gapInBodyIgnored) { isStarved = true }
        return isTaken
    }

    private static func add(_ data: ByteView, to buffer: Buffer) -> Bool {
        guard buffer.reserve(data.count) else { return false }
        return buffer.write { writer in
            writer.append(data)
            return true
        }
    }

    /// The request's last byte was read.
    func requestEnded(trailers: [UInt8]) {
        if !isStarved { endTrailers = trailers }
    }

    override func certificateVerdict() -> CertificateVerdict { session.connection.certificateVerdict() }

    override var tokens: TokenMemo? { session.connection.tokens }

    override var transport: RequestSeries.Transport { .http2 }
    override var requestTrailers: [UInt8]? { endTrailers }

    override func bodyFraming(of head: RequestHead) -> MessageFraming {
        head.framing == .chunked ? .untilClose : head.framing
    }

    override func consumeHead(_ head: RequestHead) {
        super.consumeHead(head)
        letGoOfHead()
    }

    private func letGoOfHead() {
        guard holdsHead else { return }
        holdsHead = false
        receive.giveBackIfEmpty()
        if receive.isEmpty { receive.swapContents(with: early) }
    }

    /// Opens the client's window for what has gone on.
    private func giveWindowBack() {
        let held = holdsHead ? early.count : receive.count
        let taken = arrived - held - consumed
        guard taken > 0 else { return }
        consumed += taken
        if !isClosed { session.consumed(taken, by: self) }
    }

    /// Nothing more of the request is wanted.
    private func dropRequest() {
        holdsHead = false
        early.discardAll()
        receive.discardAll()
        giveWindowBack()
    }

    // MARK: The response

    override func framing(of response: ResponseHead, to head: RequestHead) -> MessageFraming {
        switch response.framing {
        case .none: .none
        case .length(let length): .length(length)
        // DATA needs no framing, and END_STREAM tells a whole body from a cut one.
        case .chunked, .untilClose: .untilClose
        }
    }

    override func writeInterimHead(_ head: ResponseHead, from source: Buffer) -> Bool {
        source.view { bytes in
            fillFields(head, framing: .none, from: bytes)
            return session.sendInterim(self)
        }
    }

    override func writeResponseHead(
        _ head: ResponseHead, framing: MessageFraming, close: Bool, to request: RequestHead,
        from source: Buffer
    ) -> Bool {
        source.view { bytes in writeHead(head, framing: framing, from: bytes) }
    }

    private func writeHead(_ head: ResponseHead, framing: MessageFraming, from bytes: ByteView) -> Bool {
        guard let auditID = exchange?.auditID, plane.fields.first(.auditID) == nil else {
            return writeHead(head, framing: framing, from: bytes, auditID: .empty)
        }
        return ByteView.of(auditID.bytes) { writeHead(head, framing: framing, from: bytes, auditID: $0) }
    }

    /// - Parameter auditID: empty: the response has it.
    private func writeHead(
        _ head: ResponseHead, framing: MessageFraming, from bytes: ByteView, auditID: ByteView
    ) -> Bool {
        fillFields(head, framing: framing, from: bytes)
        if !auditID.isEmpty { plane.http2Fields.append(ByteView("audit-id"), auditID) }
        switch framing {
        case .none:
            if let length = head.contentLength, head.status != 204 {
                plane.http2Fields.append("content-length", decimal: length)
            }
        case .length(let length): plane.http2Fields.append("content-length", decimal: length)
        case .chunked, .untilClose: break
        }
        return session.sendHead(self, endsStream: framing.isEmpty)
    }

    private func fillFields(_ head: ResponseHead, framing: MessageFraming, from bytes: ByteView) {
        let list = plane.http2Fields
        list.begin(status: head.status)
        for index in 0..<plane.fields.count {
            let field = plane.fields[index]
            guard ResponseHeadEditor.passes(field, withTrailers: framing == .untilClose) else { continue }
            list.append(bytes[field.name], bytes[field.value])
        }
    }

    override func flush() {
        // What is stuck the engine sends by itself once the client's window opens.
        if !send.isEmpty, !isStuck { session.touch(self) }
    }

    override var isBlocked: Bool { isStuck || send.count >= Self.enough }

    /// A connection has many streams, and a client may let all of them wait.
    override var takesBulk: Bool { false }

    override func watchExchange(reading: Bool) {
        isHeld = isBlocked
        giveWindowBack()
        if !holdsHead { receive.giveBackIfEmpty() }
    }

    /// The engine has copied so many bytes off the front of `send`.
    func took(_ count: Int) -> HTTP2Taken {
        send.consume(count)
        session.sent(count, of: self)
        guard send.isEmpty else { return .more }
        send.giveBackIfEmpty()
        stallDeadline = .never
        return responseEnd.map { .end(trailers: $0) } ?? .more
    }

    /// The engine has written all it could. Returns whether the exchange has to hear of it.
    func settleAfterFill() -> Bool {
        isStuck = !send.isEmpty
        return isHeld != isBlocked
    }

    /// A complete response still has bytes here.
    var waitsForClient: Bool { responseEnd != nil && !send.isEmpty && !isClosed }

    // MARK: The end

    override func exchangeEnded(_ ended: Exchange, _ reason: EndReason, _ end: ExchangeStateMachine.ClientEnd) {
        exchange = nil
        dropRequest()
        guard !isClosed else { return }
        switch end {
        case .finish, .finishAndClose:
            responseEnd = ended.response.body?.trailers ?? []
            session.exchangeServed(self)
        case .answer:
            guard let answer = ended.answer(to: reason) else { return session.reset(self, .internalError) }
            ended.status = answer.code
            self.answer(answer, isHead: ended.head.method == .head)
        case .cut: session.cut(self, reason)
        case .drop: session.reset(self, .cancel)
        }
    }

    /// Answers for the gateway itself. Its response in HTTP/1's form goes the way that the API server's go.
    func answer(_ answer: GatewayAnswer, isHead: Bool) {
        plane.panel.add(Figure.responses(status: answer.code))
        dropRequest()
        send.discardAll()
        guard send.reserve(answer.room) else { return session.reset(self, .internalError) }
        let written = send.write { writer in
            answer.write(
                close: false, isHead: isHead, minorVersion: 1, date: plane.reactor.kernel.wallClock(), into: &writer)
        }
        plane.fieldsOwner = 0
        let length = send.view { bytes -> Int? in
            var scan = HeadScan()
            guard written,
                case .complete(let head) = ResponseHeadParser.parse(
                    bytes, scan: &scan, into: plane.fields, limits: plane.ownAnswers, to: isHead ? .head : .get),
                writeHead(head, framing: head.framing, from: bytes)
            else { return nil }
            return head.headLength
        }
        guard let length else { return session.reset(self, .internalError) }
        send.consume(length)
        responseEnd = []
        session.responseComplete(self)
    }

    /// The stream is closed, by whomever: gives back what it holds.
    func discard() {
        isClosed = true
        dropRequest()
        send.discardAll()
    }
}
