// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// HTTP/2 (RFC 9113) with the API server: many requests at once over one connection, each on a stream of its own.
///
/// Reading never waits for a stream: what a stream may receive is bounded by its window, which opens as its bytes go on to
/// the client, while the connection's opens as they arrive. Writing happens once a turn. While the engine reads or writes,
/// its callbacks only note what happens; `afterReading` and the writer act on it.
final class UpstreamSession: TimerHandler, TurnEndWriter {
    let plane: Plane
    unowned let connection: UpstreamConnection
    unowned let pool: UpstreamPool
    private(set) var engine: HTTP2Engine!
    var streams: [Int32: UpstreamStream] = [:]
    /// Promised to requests that have not begun.
    var promised = 0
    let input: Buffer
    let output: Buffer
    var head: ResponseHeadBuilder
    var trailers = TrailerBuilder()
    private var walk = HTTP2FrameWalk(fromClient: false)
    var budget: AbuseBudget
    var deadlines: UpstreamSessionDeadlines
    var timer = DeadlineTimer()
    /// The header block at hand, as RFC 9113 section 6.5.2 counts it.
    var blockSize = 0
    // What was noted while the engine was at work.
    var touched: [UpstreamStream] = []
    var closed: [(stream: UpstreamStream, loss: UpstreamLoss)] = []
    /// Streams whose server broke a rule, until their close is told.
    var broken: [Int32: HTTPFault] = [:]
    /// Streams that wait for nothing but their end, the oldest first.
    var lingering: [UpstreamStream] = []
    var isPumping = false
    var isScheduled = false
    private var isContinuing = false
    var isEnded = false
    /// The server's SETTINGS have come.
    private(set) var isOpen = false
    /// They have come just now, the first or others.
    var settingsArrivedNow = false
    /// GOAWAY has come, or we want no more of it.
    var isGoingAway = false
    /// What the server has shown that it takes: less when it refuses a stream, more with each that it does not.
    var limit = HTTP2Limits.upstreamStreams

    enum Tag {
        static let deadline: UInt32 = 0
        static let continuation: UInt32 = 1
    }

    /// A response's head may be this large, and the API server is not held to what clients are.
    static let headLimits = HeadLimits(startLine: 8_192, head: 65_536, fields: 128)

    init(connection: UpstreamConnection, plane: Plane, pool: UpstreamPool) {
        self.plane = plane
        self.connection = connection
        self.pool = pool
        input = Buffer(pool: plane.buffers)
        output = Buffer(pool: plane.buffers)
        head = ResponseHeadBuilder(limits: Self.headLimits)
        budget = AbuseBudget(now: plane.reactor.now)
        deadlines = UpstreamSessionDeadlines(
            idleTimeout: plane.configuration.upstream.pool.idleTimeout, now: plane.reactor.now)
        engine = HTTP2Engine(.client, owner: self, fields: plane.http2Fields, headLimit: Self.headLimits.head)
    }

    // MARK: Events

    /// Sends the preface; what the server allows is known when its SETTINGS come.
    func start() {
        guard engine != nil else { return connection.close(reset: true) }
        connection.want(.read)
        schedule()
    }

    func ready(_ readiness: Readiness) {
        if !readiness.isDisjoint(with: .tellsOfReading) { read(toTheEnd: readiness.contains(.failed)) }
        schedule()
    }

    func timerFired(tag: UInt32, now: Instant) {
        if tag == Tag.continuation {
            isContinuing = false
            guard !isEnded else { return }
            read(toTheEnd: false)
            return schedule()
        }
        guard timer.isDue(now: now, on: plane.reactor, handler: self, tag: Tag.deadline), !isEnded else { return }
        while !isEnded, let due = deadlines.due(now: now) {
            switch due {
            case .idle: return end(.noError)
            case .ask:
                engine.ping()
                deadlines.askedForSign(now: now)
            case .silent:
                plane.panel.add(.upstreamSilent)
                plane.logger.warning(
                    "the API server does not answer PING: connection ended", metadata: ["streams": "\(streams.count)"])
                return lose(.silent)
            case .lingering: resetLingering(now)
            }
        }
        schedule()
    }

    private func read(toTheEnd: Bool) {
        for _ in 0..<HTTP2Limits.readsPerEvent {
            guard !isEnded, toTheEnd || engine.queuedFrames < HTTP2Limits.queuedFrames else { return }
            guard input.reserve(HTTP2Limits.recordSize) else { return lose(.ended) }
            switch connection.receive(into: input) {
            case .moved:
                deadlines.received(now: plane.reactor.now)
                let wasFull = input.isFull
                let canPay = walk.charge(input, to: &budget, now: plane.reactor.now)
                let failure = canPay ? input.view { engine.receive($0) } : nil
                input.discardAll()
                afterReading(failure)
                guard !isEnded, wasFull || toTheEnd || connection.hasPending else { return }
            case .blocked: return input.giveBackIfEmpty()
            case .endOfStream, .lost, .noBuffer: return lose(.ended)
            }
        }
        continueLater()
    }

    func continueLater() {
        guard !isContinuing else { return }
        isContinuing = true
        plane.reactor.continueNextTurn(self, tag: Tag.continuation)
    }

    private func afterReading(_ failure: HTTP2Engine.Failure?) {
        if let kind = budget.exhaustedBy { return condemn("\(kind)") }
        if let failure { return condemn("\(failure)") }
        if settingsArrivedNow { takeSettings() }
        endClosed()
        tellTouched()
        guard !isEnded else { return }
        deadlines.streamsChanged(isEmpty: streams.isEmpty, now: plane.reactor.now)
        closeIfDone()
    }

    private func takeSettings() {
        settingsArrivedNow = false
        if !isOpen {
            isOpen = true
            connection.sessionOpened()
        }
        // It may allow more than before.
        pool.streamsMayFit()
    }

    func endClosed() {
        for (stream, loss) in HTTP2Notes.take(&closed) {
            if loss != .unprocessed { limit = min(HTTP2Limits.upstreamStreams, limit + 1) }
            stream.protocolClosed(loss)
            stream.tell()
        }
    }

    /// Lets the requests know whose bytes have come or gone.
    func tellTouched() {
        for stream in HTTP2Notes.take(&touched) {
            stream.isTouched = false
            stream.settleAfterFill()
            stream.tell()
        }
    }
}
