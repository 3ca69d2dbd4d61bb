// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// HTTP/2 (RFC 9113) with one client: many exchanges at once, each on a stream of its own.
///
/// Reading never waits for a stream: what a stream may send is bounded by its window, which opens as its bytes go on to
/// the API server. Writing happens once a turn, so that what several streams have to say leaves in one TLS record.
/// While the engine reads or writes, its callbacks only note what happens; `afterReading` and the writer act.
final class HTTP2Session: ClientSession, TurnEndWriter {
    let plane: Plane
    /// Which lets go of its session when it closes.
    let connection: ClientConnection
    var engine: HTTP2Engine!
    var streams: [Int32: HTTP2Stream] = [:]
    let input: Buffer
    let output: Buffer
    var head: RequestHeadBuilder
    var trailers = TrailerBuilder()
    var walk = HTTP2FrameWalk()
    let literals = LiteralMemo()
    var budget: AbuseBudget
    var deadlines: HTTP2Deadlines
    /// The header block at hand, as RFC 9113 section 6.5.2 counts it: 32 bytes more for each field.
    var blockSize = 0
    /// Whose header block that is; blocks do not interleave.
    var block: HTTP2Stream?
    var notes = HTTP2Notes()
    /// Requests that were answered before their end, in the order in which they will be reset.
    var lingering: [(stream: HTTP2Stream, until: Instant)] = []
    var isPumping = false
    var isScheduled = false
    /// More can be read without the socket saying so.
    var hasMore = false
    var isEnded = false
    var isCondemned = false
    var goAwaySent = false
    /// How the client's leaving is called when the connection closes.
    var departure = EndReason.Departure.reset

    /// Rounds of writing and telling in one turn at most.
    static let rounds = 16

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

    // MARK: The end

    /// The client has gone, or has to be taken for gone.
    func leave(_ departure: EndReason.Departure, reset: Bool) {
        guard !isEnded else { return }
        self.departure = departure
        connection.close(reset: reset)
    }

    /// Ends all exchanges and says with GOAWAY why; the connection closes behind it.
    func end(_ departure: EndReason.Departure, _ code: HTTP2Code) {
        isCondemned = true
        self.departure = departure
        for stream in streamsInOrder {
            stream.exchange?.clientLeft(departure)
            stream.discard()
        }
        engine.terminate(code)
        pump()
        guard !isEnded else { return }
        // Whoever does not even take this gets no more of our time.
        output.isEmpty ? connection.finishAndLinger() : connection.close(reset: true)
    }

    func condemn(_ kind: AbuseBudget.Kind) {
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

    func sendGoAway() {
        deadlines.goAwaySent()
        guard !goAwaySent else { return }
        goAwaySent = true
        engine.goAway()
        schedule()
    }

    func cutExchanges() {
        for stream in streamsInOrder { stream.exchange?.cut() }
        sendGoAway()
        pump()
    }

    /// The oldest first, so that what happens to all of them happens to the same ones first each time.
    var streamsInOrder: [HTTP2Stream] { streams.values.sorted { $0.id < $1.id } }

    func forEachExchange(_ body: (Exchange) -> Void) {
        for stream in streamsInOrder {
            if let exchange = stream.exchange { body(exchange) }
        }
    }

    func exchange(_ id: UInt64) -> Exchange? {
        streams.values.first { $0.exchange?.id == id }?.exchange
    }

    func connectionClosed() {
        guard !isEnded else { return }
        isEnded = true
        for stream in streamsInOrder {
            stream.isClosed = true
            stream.exchange?.clientLeft(departure)
            stream.discard()
        }
        streams.removeAll()
        block = nil
        notes = HTTP2Notes()
        lingering.removeAll()
        input.discardAll()
        output.discardAll()
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
