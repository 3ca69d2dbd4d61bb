// SPDX-License-Identifier: Apache-2.0

import Shared

/// One stream of an HTTP/2 connection to the API server, from the moment that it is promised to a request.
///
/// What comes waits here until the exchange takes it: heads in HTTP/1's form, then the body without framing, at most a
/// window of it. The window opens as the bytes go on to the client, so that a slow one holds up its own stream alone.
final class UpstreamStream: UpstreamSide, HTTP2BodySource {
    /// 0: its request has not begun.
    private(set) var id: Int32 = 0
    private let plane: Plane
    /// nil: it is closed.
    private var session: UpstreamSession?
    private var user: (any UpstreamUser)?
    private let heads: Buffer
    private let data: Buffer
    private var isReadingHead = false
    private var headSeen = false
    private var isHeadRequest = false
    private var interimCount = 0
    /// Body bytes that came, and of these those that the window was given back for.
    private var arrived = 0
    private var consumed = 0
    /// END_STREAM has come, with these trailers.
    private var end: [UInt8]?
    /// The stream is gone before that.
    private var lost: UpstreamLoss?
    private var lacksMemory = false
    /// All of the request is in `send`; its trailers.
    private var requestEnd: [UInt8]?
    private var requestSent = false
    /// The engine has taken what it could and left some: the server's window is closed.
    private var isStuck = false
    /// Noted by the session as one to look after once the engine is done.
    var isTouched = false
    /// Until when it waits for nothing but its END_STREAM.
    private(set) var lingersUntil = Instant.never
    /// Its user is over, and it is not.
    var orphanSince: Instant?

    /// With so much waiting in `send`, no more is read from the client.
    private static let enough = HTTP2Limits.recordSize
    private static let mostInterim = 32

    init(of session: UpstreamSession, for user: any UpstreamUser) {
        plane = session.plane
        self.session = session
        self.user = user
        heads = Buffer(pool: session.plane.buffers)
        data = Buffer(pool: session.plane.buffers)
        super.init(buffers: session.plane.buffers)
    }

    var isClosed: Bool { session == nil }

    /// It is there for somebody who is over.
    var isForsaken: Bool { !isClosed && lingersUntil == .never && (user?.isOver ?? true) }

    // MARK: The request

    override var isStream: Bool { true }

    override var streamID: Int32 { id }

    override func bodyFraming(of head: RequestHead) -> MessageFraming {
        head.framing == .chunked ? .untilClose : head.framing
    }

    override func beginRequest(_ head: RequestHead) -> Bool {
        guard let session else { return lost != nil }
        isHeadRequest = head.method == .head
        let endsStream = head.framing.isEmpty
        if endsStream { requestEnd = [] }
        var begun: Int32?
        let length = send.view { bytes -> Int? in
            guard let length = plane.http2Fields.fill(request: bytes), !plane.http2Fields.overflowed else { return nil }
            begun = session.begin(self, endsStream: endsStream)
            return length
        }
        guard let length else { return false }
        send.consume(length)
        if let begun {
            id = begun
            requestSent = endsStream
        } else {
            // The connection has come to its end just now.
            protocolClosed(.unprocessed)
        }
        return true
    }

    override func endRequest(trailers: @autoclosure () -> [UInt8]) {
        guard requestEnd == nil else { return }
        requestEnd = trailers()
        session?.touch(self)
    }

    override func flush() -> StreamSocket.Outcome {
        guard let session else { return .lost(.connectionLost) }
        // What is stuck the engine sends by itself once the server's window opens.
        if !isStuck { session.touch(self) }
        return .blocked
    }

    override var isBlocked: Bool { isStuck || send.count >= Self.enough }

    func took(_ count: Int) -> HTTP2Taken {
        send.consume(count)
        session?.sent(count, of: self)
        if count > 0 { user?.upstreamProgressed() }
        guard send.isEmpty else { return .more }
        send.giveBackIfEmpty()
        guard let requestEnd else { return .more }
        requestSent = true
        return .end(trailers: requestEnd)
    }

    /// The engine has written all it could.
    func settleAfterFill() { isStuck = id != 0 && !send.isEmpty }

    // MARK: The response

    /// Whether anybody wants more of it.
    private var wantsMore: Bool { user != nil && lost == nil && !isClosed }

    func headBegins(_ builder: inout ResponseHeadBuilder, _ trailers: inout TrailerBuilder) {
        isReadingHead = !headSeen
        if headSeen { trailers = TrailerBuilder() } else { builder.begin() }
    }

    func field(
        _ name: ByteView, _ value: ByteView, _ builder: inout ResponseHeadBuilder, _ trailers: inout TrailerBuilder
    ) {
        if headSeen { return trailers.add(name, value) }
        builder.add(name, value, to: heads)
    }

    /// A header block is whole; returns what is wrong with it.
    func headEnds(
        endsStream: Bool, _ builder: inout ResponseHeadBuilder, _ trailers: TrailerBuilder
    ) -> HTTPFault? {
        isReadingHead = false
        if headSeen {
            do throws(HTTPFault) {
                end = try trailers.finish()
                return nil
            } catch {
                return error
            }
        }
        builder.finish(isEmpty: endsStream && !isHeadRequest, to: heads)
        if builder.lacksMemory { lacksMemory = true }
        if let fault = builder.fault { return fault }
        if builder.isInterim {
            interimCount += 1
            if endsStream { return .truncatedBody }
            return interimCount > Self.mostInterim ? .tooManyInterimResponses : nil
        }
        headSeen = true
        if endsStream { end = [] }
        return nil
    }

    /// Takes body bytes in.
    func take(_ bytes: ByteView) {
        guard wantsMore else { return }
        arrived += bytes.count
        guard data.reserve(bytes.count) else {
            lacksMemory = true
            return
        }
        _ = data.write { writer in
            writer.append(bytes)
            return true
        }
    }

    func ended() { if end == nil { end = [] } }

    override func fill(inBulk: Bool) -> StreamSocket.Outcome {
        if lacksMemory { return .noBuffer }
        if !heads.isEmpty, !isReadingHead { return move(heads) }
        if !data.isEmpty, !isReadingHead { return move(data) }
        if end != nil { return .endOfStream }
        return lost == nil ? .blocked : .lost(.connectionLost)
    }

    private func move(_ source: Buffer) -> StreamSocket.Outcome {
        defer { source.giveBackIfEmpty() }
        guard !receive.isEmpty else {
            receive.swapContents(with: source)
            source.discardAll()
            return .moved(receive.count)
        }
        let count = min(source.count, BufferPool.Size.small.rawValue)
        guard receive.reserve(count) else { return .noBuffer }
        receive.take(count, from: source)
        return .moved(count)
    }

    override var hasPending: Bool {
        lacksMemory || lost != nil || end != nil || (!isReadingHead && !(heads.isEmpty && data.isEmpty))
    }

    override var responseTrailers: [UInt8] { end ?? [] }

    override var loss: UpstreamLoss { lost ?? .ended }

    override func watch(reading: Bool) {
        let taken = arrived - data.count - receive.count - consumed
        guard taken > 0 else { return }
        consumed += taken
        if end == nil { session?.consumed(taken, by: self) }
    }

    // MARK: The end

    /// Lets the user look at what has come or gone.
    func tell() { user?.upstreamEvent(lost == nil ? [.readable, .writable] : [.readable, .failed]) }

    /// Something of its response has come.
    var hasBegunResponse: Bool { headSeen || interimCount > 0 || isReadingHead }

    /// The protocol is through with it: both sides have ended it, or one has reset it.
    func protocolClosed(_ loss: UpstreamLoss) {
        if end == nil, lost == nil { lost = loss }
        isStuck = false
        // What has not gone out never will.
        if !send.isEmpty { send.discardAll() }
        detach()
    }

    override func release() { close(reset: false) }

    override func close(reset: Bool) {
        user = nil
        receive.discardAll()
        heads.discardAll()
        data.discardAll()
        guard let session else { return send.discardAll() }
        guard id != 0, !(end != nil && requestSent) else {
            // It has not begun, or its end on the wire is only a matter of the engine's.
            send.discardAll()
            return detach()
        }
        if reset || !requestSent {
            send.discardAll()
            session.reset(self, .cancel)
            return detach()
        }
        lingersUntil = plane.reactor.now + HTTP2Limits.responseLinger
        session.linger(self)
    }

    /// It waited long enough for its END_STREAM.
    func stopLingering() {
        session?.reset(self, .noError)
        detach()
    }

    private func detach() {
        guard let session else { return }
        self.session = nil
        if user == nil { data.discardAll() }
        session.streamEnded(self)
    }
}
