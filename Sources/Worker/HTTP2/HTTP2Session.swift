// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// HTTP/2 (RFC 9113) with one client: many exchanges at once, each on a stream of its own.
///
/// Reading never waits for a stream: what a stream may send is bounded by its window, which opens as its bytes go on to
/// the API server. Writing happens once a turn, so that what several streams have to say leaves in one TLS record.
/// While the engine reads or writes, its callbacks only note what happens; `afterReading` and `afterWriting` act.
final class HTTP2Session: ClientSession {
    let plane: Plane
    unowned let connection: ClientConnection
    private var engine: HTTP2Engine!
    private var streams: [Int32: HTTP2Stream] = [:]
    private var input: Buffer
    private var output: Buffer
    private var head: RequestHeadBuilder
    private var trailers = TrailerBuilder()
    private var walk = HTTP2FrameWalk()
    private var budget: AbuseBudget
    private var deadlines: HTTP2Deadlines
    // What was noted while the engine was at work.
    private var arrived: [HTTP2Stream] = []
    private var closed: [(stream: HTTP2Stream, code: UInt32)] = []
    private var touched: [HTTP2Stream] = []
    private var cut: [(stream: HTTP2Stream, code: HTTP2Code)] = []
    private var starved: [HTTP2Stream] = []
    /// Requests that were answered before their end, in the order in which they will be reset.
    private var lingering: [(stream: HTTP2Stream, until: Instant)] = []
    private var isPumping = false
    private var isScheduled = false
    /// More can be read without the socket saying so.
    private var hasMore = false
    private var isEnded = false
    private var isCondemned = false
    private var goAwaySent = false
    /// How the client's leaving is called when the connection closes.
    private var departure = EndReason.Departure.reset

    /// Rounds of writing and telling in one turn at most.
    private static let rounds = 16

    init(connection: ClientConnection) {
        plane = connection.plane
        self.connection = connection
        let now = plane.reactor.now
        input = Buffer(pool: plane.buffers)
        output = Buffer(pool: plane.buffers)
        head = RequestHeadBuilder(limits: plane.limits)
        budget = AbuseBudget(now: now)
        deadlines = HTTP2Deadlines(configuration: plane.configuration.deadlines, now: now)
        engine = HTTP2Engine(owner: self, fields: plane.http2Fields, headLimit: plane.limits.head)
    }

    // MARK: Events

    func start() {
        guard engine != nil else { return connection.close(reset: true) }
        if plane.isDraining { drain() }
        schedule()
        read()
    }

    func ready(_ readiness: Readiness, now: Instant) {
        if readiness.contains(.failed) { return leave(.reset, reset: true) }
        // A client that has sent its FIN has left, whatever it may still have sent before (design: section 1).
        if readiness.contains(.peerClosed) { return leave(.closed, reset: false) }
        if readiness.contains(.readable) { read() }
        schedule()
    }

    func deadlinePassed(now: Instant) {
        if hasMore { read() }
        while !isEnded, let due = deadlines.due(now: now) {
            switch due {
            case .head:
                plane.count(.requestHead)
                return end(.misbehaved, .protocolError)
            case .blocked:
                plane.count(.lastBytes)
                return leave(.silent, reset: true)
            case .silent: return leave(.silent, reset: true)
            case .idle: return end(.closed, .noError)
            case .ask:
                engine.ping()
                deadlines.askedForSign(now: now)
            case .goAway: sendGoAway()
            case .stalled: resetStalled(now)
            case .lingering: resetLingering(now)
            }
        }
        schedule()
    }

    private func read() {
        hasMore = false
        for _ in 0..<HTTP2Limits.readsPerEvent {
            guard !isEnded, engine.queuedFrames < HTTP2Limits.queuedFrames else { return schedule() }
            guard input.reserve(HTTP2Limits.recordSize) else { return leave(.reset, reset: true) }
            switch connection.receive(into: &input) {
            case .moved:
                deadlines.received(now: plane.reactor.now)
                let wasFull = input.isFull
                let failure = charge() ? engine.receive(input) : nil
                input.discardAll()
                afterReading(failure)
                guard !isEnded, wasFull || connection.hasPending else { return schedule() }
            case .blocked:
                input.giveBackIfEmpty()
                return schedule()
            case .endOfStream: return leave(.closed, reset: false)
            case .lost, .noBuffer: return leave(.reset, reset: true)
            }
        }
        hasMore = true
        schedule()
    }

    /// Makes the frames that were read pay; false: the connection has no more to pay with.
    private func charge() -> Bool {
        let now = plane.reactor.now
        input.view { bytes in
            var position = 0
            while let header = walk.next(bytes, at: &position) {
                // Header blocks do not interleave with anything: the last one is over, whatever became of it.
                if header.type != .continuation { deadlines.headEnded() }
                if let (kind, cost) = AbuseBudget.price(of: header) { _ = budget.spend(cost, on: kind, now: now) }
            }
        }
        return budget.exhaustedBy == nil
    }

    private func afterReading(_ failure: HTTP2Engine.Failure?) {
        if failure == .flooded {
            _ = budget.spend(AbuseBudget.oversizedHeadCost, on: floodKind, now: plane.reactor.now)
        }
        if let kind = budget.exhaustedBy { return condemn(kind) }
        if failure != nil { return leave(.misbehaved, reset: true) }
        for stream in Self.take(&arrived) { begin(stream) }
        endClosed()
        for stream in Self.take(&starved) { reset(stream, .refusedStream) }
        tellTouched()
        deadlines.streamsChanged(isEmpty: streams.isEmpty, now: plane.reactor.now)
    }

    /// What nghttp2 itself has had enough of: header blocks in too many frames if one was under way.
    private var floodKind: AbuseBudget.Kind { deadlines.awaitsHead ? .headFlood : .controlFlood }

    /// What was noted so far; what follows from it may note more.
    private static func take<Element>(_ list: inout [Element]) -> [Element] {
        guard !list.isEmpty else { return [] }
        let taken = list
        list.removeAll(keepingCapacity: true)
        return taken
    }

    private func endClosed() {
        for (stream, code) in Self.take(&closed) {
            stream.isClosed = true
            streams[stream.id] = nil
            if stream.isLingering { stopLingering(stream) }
            if DeliberateFault.isOn(.streamResetIgnored) { continue }
            stream.exchange?.clientLeft(code == HTTP2Code.protocolError.rawValue ? .misbehaved : .reset)
            stream.discard()
        }
    }

    // MARK: Requests

    private func begin(_ stream: HTTP2Stream) {
        guard !stream.isClosed else { return }
        if let fault = stream.headRefusal { return refuse(stream, fault, isHead: stream.isHead) }
        // Whoever had the fields must read its own again, also if this head comes to nothing.
        plane.fieldsOwner = 0
        let parsed = stream.receive.view { bytes -> Arrival in
            var scan = HeadScan()
            switch RequestHeadParser.parse(bytes, scan: &scan, into: plane.fields, limits: plane.limits) {
            case .incomplete: return .refused(.invalidRequestLine)
            case .refused(let fault): return .refused(fault)
            case .complete(let head):
                return .arrived(
                    head, RequestInfo(head, in: bytes), ExchangeRow(head, in: bytes, from: connection.peer))
            }
        }
        switch parsed {
        case .refused(let fault): refuse(stream, fault, isHead: stream.isHead)
        case .arrived(let head, let info, let summary):
            guard let number = plane.openExchange() else {
                plane.panel.add(.overloadRefusals)
                plane.countWithoutExchange(.http2, status: 0)
                return reset(stream, .refusedStream)
            }
            plane.fieldsOwner = number.id
            let exchange = Exchange(
                plane: plane, client: stream, number: number, head: head, info: info, summary: summary)
            stream.exchange = exchange
            exchange.start()
            exchange.advance()
        }
    }

    private enum Arrival {
        case refused(HTTPFault)
        case arrived(RequestHead, RequestInfo, ExchangeRow)
    }

    private func refuse(_ stream: HTTP2Stream, _ fault: HTTPFault, isHead: Bool) {
        plane.panel.add(.malformedRequests)
        plane.countWithoutExchange(.http2, status: fault.status)
        stream.answer(GatewayAnswer(fault), isHead: isHead)
    }

    // MARK: For streams

    /// The stream has something to send, or has sent something.
    func touch(_ stream: HTTP2Stream) {
        schedule()
        guard !stream.isTouched else { return }
        stream.isTouched = true
        touched.append(stream)
        engine.resume(stream.id)
    }

    func sent(_ count: Int, of stream: HTTP2Stream) {
        budget.earn(AbuseBudget.earnedBySending(count))
        if count > 0 { stream.exchange?.progressed() }
        guard !stream.isTouched else { return }
        stream.isTouched = true
        touched.append(stream)
    }

    func sendHead(_ stream: HTTP2Stream, endsStream: Bool) -> Bool {
        schedule()
        return engine.submitResponse(stream.id, endsStream: endsStream)
    }

    func sendInterim(_ stream: HTTP2Stream) -> Bool {
        schedule()
        return engine.submitInterim(stream.id)
    }

    func consumed(_ count: Int, by stream: HTTP2Stream) {
        engine.consumed(count, by: stream.id)
        schedule()
    }

    func exchangeServed(_ stream: HTTP2Stream) {
        budget.earn(AbuseBudget.served)
        responseComplete(stream)
    }

    /// All of the response is in the stream's buffer.
    func responseComplete(_ stream: HTTP2Stream) {
        if !stream.send.isEmpty { stream.stallDeadline = deadlines.responseWaits(now: plane.reactor.now) }
        touch(stream)
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2Code) {
        guard !isEnded, !isCondemned, !stream.isClosed else { return }
        engine.reset(stream.id, code)
        schedule()
    }

    /// The response is not whole and never will be: what there is of it goes out if it can at once, then RST_STREAM.
    func cut(_ stream: HTTP2Stream, _ reason: EndReason) {
        switch reason {
        case .deadline(.clientWrite):
            _ = budget.spend(AbuseBudget.stallCost, on: .stalling, now: plane.reactor.now)
            cut.append((stream, .cancel))
        case .deadline, .cut, .cancelled: cut.append((stream, .cancel))
        default: cut.append((stream, .internalError))
        }
        touch(stream)
    }

    private func resetStalled(_ now: Instant) {
        var next = Instant.never
        for stream in streams.values where stream.waitsForClient {
            if stream.stallDeadline <= now {
                plane.count(.lastBytes)
                _ = budget.spend(AbuseBudget.stallCost, on: .stalling, now: now)
                reset(stream, .cancel)
                stream.discard()
            } else {
                next = min(next, stream.stallDeadline)
            }
        }
        deadlines.stillWaiting(until: next)
        if let kind = budget.exhaustedBy { condemn(kind) }
    }

    /// The client had its moment to see the response: it need not send the rest of its request.
    private func resetLingering(_ now: Instant) {
        while let first = lingering.first, first.until <= now {
            lingering.removeFirst()
            reset(first.stream, .noError)
        }
        deadlines.lingers(until: lingering.first?.until ?? .never)
    }

    private func stopLingering(_ stream: HTTP2Stream) {
        lingering.removeAll { $0.stream === stream }
        deadlines.lingers(until: lingering.first?.until ?? .never)
    }

    // MARK: Writing

    /// Writes at the end of the turn.
    private func schedule() {
        guard !isScheduled, !isEnded, !isPumping else { return }
        isScheduled = true
        plane.flushAtTurnEnd(self)
    }

    /// The turn's end has come.
    func flush() {
        isScheduled = false
        pump()
    }

    private func pump() {
        guard !isPumping, !isEnded else { return }
        isPumping = true
        writeInRounds()
        isPumping = false
        guard !isEnded else { return }
        // Not before: what is said about it has to be written, too.
        if let kind = budget.exhaustedBy, !isCondemned { return condemn(kind) }
        settle()
    }

    private func writeInRounds() {
        for _ in 0..<Self.rounds {
            guard write() else { return }
            endClosed()
            for (stream, code) in Self.take(&cut) { reset(stream, code) }
            tellTouched()
            guard !isEnded, budget.exhaustedBy == nil || isCondemned, output.isEmpty, hasWork else { return }
        }
    }

    /// Something can still be written without anything more being heard.
    private var hasWork: Bool { engine.wantsWrite || !touched.isEmpty || !cut.isEmpty }

    /// Writes what there is, as far as the client takes it; false: the connection is gone.
    private func write() -> Bool {
        while true {
            let outcome = engine.fill(&output)
            guard outcome != .failed else {
                leave(.reset, reset: true)
                return false
            }
            var moved = false
            guard connection.send(from: &output, onProgress: { moved = true }) else {
                leave(.reset, reset: true)
                return false
            }
            if moved { deadlines.outputMoved(now: plane.reactor.now) }
            guard output.isEmpty else { return true }
            guard outcome == .full else {
                output.giveBackIfEmpty()
                return true
            }
        }
    }

    /// Lets exchanges know whose bytes have gone out, or could not.
    private func tellTouched() {
        for stream in Self.take(&touched) {
            stream.isTouched = false
            guard !stream.isClosed, let exchange = stream.exchange else { continue }
            let wasHeld = stream.isHeld
            if stream.settleAfterFill(), wasHeld { exchange.receiveResponse() }
            exchange.clientProgressed()
        }
    }

    /// What is waited for now; or the end, if the protocol has nothing to say any more.
    private func settle() {
        let now = plane.reactor.now
        deadlines.streamsChanged(isEmpty: streams.isEmpty, now: now)
        deadlines.outputBlocked(!output.isEmpty, now: now)
        if engine.isOver, output.isEmpty { return connection.finishAndLinger() }
        var interest: Interest = [.hangup]
        if engine.queuedFrames < HTTP2Limits.queuedFrames { interest.insert(.read) }
        if !output.isEmpty { interest.insert(.write) }
        connection.want(interest)
        // What one turn did not get done comes after everybody else's turn.
        connection.setDeadline(hasMore || (output.isEmpty && hasWork) ? now : deadlines.next)
    }

    // MARK: The end

    /// The client has gone, or has to be taken for gone.
    private func leave(_ departure: EndReason.Departure, reset: Bool) {
        guard !isEnded else { return }
        self.departure = departure
        connection.close(reset: reset)
    }

    /// Ends all exchanges and says with GOAWAY why; the connection closes behind it.
    private func end(_ departure: EndReason.Departure, _ code: HTTP2Code) {
        isCondemned = true
        self.departure = departure
        for stream in Array(streams.values) {
            stream.exchange?.clientLeft(departure)
            stream.discard()
        }
        engine.terminate(code)
        pump()
        guard !isEnded else { return }
        // Whoever does not even take this gets no more of our time.
        output.isEmpty ? connection.finishAndLinger() : connection.close(reset: true)
    }

    private func condemn(_ kind: AbuseBudget.Kind) {
        guard !isCondemned, !isEnded else { return }
        plane.panel.add(kind.figure)
        plane.logger.warning(
            "HTTP/2 connection ended: it overdoes things",
            metadata: ["client": "\(connection.peer)", "kind": "\(kind)"])
        end(.misbehaved, .enhanceYourCalm)
    }

    func drain() {
        guard !goAwaySent, !deadlines.awaitsGoAway else { return }
        engine.announceEnd()
        deadlines.noticeSent(now: plane.reactor.now)
        schedule()
    }

    private func sendGoAway() {
        deadlines.goAwaySent()
        guard !goAwaySent else { return }
        goAwaySent = true
        engine.goAway()
        schedule()
    }

    func cutExchanges() {
        for stream in Array(streams.values) { stream.exchange?.cut() }
        sendGoAway()
        pump()
    }

    func forEachExchange(_ body: (Exchange) -> Void) {
        for stream in streams.values.sorted(by: { $0.id < $1.id }) {
            if let exchange = stream.exchange { body(exchange) }
        }
    }

    func exchange(_ id: UInt64) -> Exchange? {
        streams.values.first { $0.exchange?.id == id }?.exchange
    }

    func connectionClosed() {
        guard !isEnded else { return }
        isEnded = true
        for stream in Array(streams.values) {
            stream.isClosed = true
            stream.exchange?.clientLeft(departure)
            stream.discard()
        }
        streams.removeAll()
        arrived.removeAll()
        touched.removeAll()
        closed.removeAll()
        cut.removeAll()
        lingering.removeAll()
        input.discardAll()
        output.discardAll()
    }
}

// MARK: What the engine tells

extension HTTP2Session: HTTP2EngineOwner {
    func settingsArrived() { deadlines.prefaceArrived(now: plane.reactor.now) }

    func pingAnswered() {
        if deadlines.awaitsGoAway { sendGoAway() }
    }

    func blockBegins(_ id: Int32) {
        deadlines.headBegan(now: plane.reactor.now)
        if streams[id] == nil {
            head.begin()
            streams[id] = HTTP2Stream(id, of: self)
        } else {
            trailers = TrailerBuilder()
        }
    }

    func field(_ name: ByteView, _ value: ByteView, of id: Int32) {
        guard let stream = streams[id] else { return }
        guard stream.isBeginning else { return trailers.add(name, value) }
        head.add(name, value, to: &stream.receive)
        if head.listSize > plane.limits.head * HTTP2Limits.oversizedHeadFactor {
            _ = budget.spend(AbuseBudget.oversizedHeadCost, on: .headFlood, now: plane.reactor.now)
        }
    }

    func blockEnds(_ id: Int32, endsStream: Bool) {
        deadlines.headEnded()
        guard let stream = streams[id] else { return }
        guard stream.isBeginning else {
            do throws(HTTPFault) {
                stream.requestEnded(trailers: try trailers.finish())
                touchForProgress(stream)
            } catch {
                stream.exchange?.clientBroke(error)
            }
            return
        }
        stream.isBeginning = false
        head.finish(endsStream: endsStream, to: &stream.receive)
        stream.headRefusal = head.fault
        stream.isHead = head.isHead
        if endsStream { stream.requestEnded(trailers: []) }
        if head.lacksMemory { starved.append(stream) } else { arrived.append(stream) }
    }

    func dataArrived(_ data: ByteView, of id: Int32) {
        engine.consumedByConnection(data.count)
        guard let stream = streams[id] else { return }
        // Nobody wants it any more, but its sender must not stall over it.
        if stream.wantsData, !stream.take(data) {
            starved.append(stream)
        } else if !stream.wantsData, !stream.isLingering {
            engine.consumed(data.count, by: id)
        }
        touchForProgress(stream)
    }

    func streamEnded(_ id: Int32) {
        guard let stream = streams[id] else { return }
        stream.requestEnded(trailers: [])
        touchForProgress(stream)
    }

    func ruleBroken(on id: Int32) { deadlines.headEnded() }

    func resetProvoked() {
        _ = budget.spend(AbuseBudget.provokedResetCost, on: .provokedReset, now: plane.reactor.now)
    }

    func streamClosed(_ id: Int32, code: UInt32) {
        guard let stream = streams[id] else { return }
        stream.isClosed = true
        closed.append((stream, code))
    }

    /// The answer to a PING behind the notice tells that the notice was read, and that nothing more is on its way that
    /// has not heard of it. (Submitted together with the notice, it would be sent before it: nghttp2 prefers PING.)
    func goAwayWritten() {
        if deadlines.awaitsGoAway, !goAwaySent { engine.ping() }
    }

    func responseCameFirst(on id: Int32) {
        guard let stream = streams[id], !stream.isClosed else { return }
        stream.isLingering = true
        lingering.append((stream, plane.reactor.now + HTTP2Limits.requestLinger))
        deadlines.lingers(until: lingering[0].until)
    }

    func stream(_ id: Int32) -> HTTP2Stream? { streams[id] }

    private func touchForProgress(_ stream: HTTP2Stream) {
        guard !stream.isTouched else { return }
        stream.isTouched = true
        touched.append(stream)
    }
}

extension AbuseBudget.Kind {
    /// The counter of connections that ended for it.
    fileprivate var figure: Figure {
        switch self {
        case .rapidReset: .http2RapidResets
        case .provokedReset: .http2ProvokedResets
        case .headFlood: .http2HeadFloods
        case .controlFlood: .http2ControlFloods
        case .emptyFrames: .http2EmptyFrameFloods
        case .stalling: .http2Stalls
        }
    }
}
