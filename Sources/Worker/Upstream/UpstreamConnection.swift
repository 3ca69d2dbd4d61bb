// SPDX-License-Identifier: Apache-2.0

import Shared

/// One connection to the API server, from its connect to its close. While it is idle the pool owns it, while it is used
/// its user does; it ends with `close`, once. Where the server has chosen HTTP/2, its session takes over from there.
final class UpstreamConnection: UpstreamSide, EventHandler {
    private enum State: Equatable {
        case connecting
        case handshaking
        case idle
        case busy
        case multiplexed
        case closed
    }

    private let plane: Plane
    private let pool: UpstreamPool
    let address: SocketAddress
    /// What the server may choose from; HTTP/1.1 alone for what is to become a tunnel.
    let offer: ApplicationProtocols
    /// With whose credentials it was set up; nil: without TLS.
    private(set) var context: TLSContext?
    private(set) var session: UpstreamSession?
    /// The pool counts on streams of it.
    var isAwaited = false
    private var socket: StreamSocket?
    private var state = State.connecting
    private var wasUsed = false
    private var user: (any UpstreamUser)?
    /// The peer's FIN was seen while we were not reading.
    private var hangupSeen = false
    /// A read has filled its chunk since the connection was taken.
    private var bodyChunk = BufferPool.Size.small
    private var tookAll = false
    /// The connection has failed; what came before that may still have to be read.
    private var failureSeen = false
    /// The loop's count of waits when it became idle.
    private var idleSince: UInt64 = 0
    /// Until when an idle connection is kept.
    var idleDeadline = Instant.never

    init(
        plane: Plane, pool: UpstreamPool, address: SocketAddress, user: any UpstreamUser, offer: ApplicationProtocols
    ) {
        self.plane = plane
        self.pool = pool
        self.address = address
        self.user = user
        self.offer = offer
        super.init(buffers: plane.buffers)
    }

    /// It is there for somebody who is over.
    var isForsaken: Bool {
        guard state != .idle, state != .closed, !(session?.isOpen ?? false) else { return false }
        return user?.isOver ?? true
    }

    /// Starts to connect. A failure that shows at once is the result; every other goes to the user.
    func connect() throws(UpstreamFailure) {
        let kernel = plane.reactor.kernel
        let fd = kernel.socket(for: address)
        guard fd >= 0 else { throw .unreachable }
        let result = kernel.connect(fd, to: address)
        guard result == 0 || Errno(-result) == .inProgress else {
            kernel.close(fd, reset: true)
            throw Errno(-result).isRefusal ? .refused : .unreachable
        }
        do throws(Errno) {
            let socket = try StreamSocket(reactor: plane.reactor, owning: fd, interest: .write, handler: self)
            socket.prepare(userTimeout: plane.configuration.deadlines.bodyProgress)
            self.socket = socket
        } catch {
            throw .unreachable
        }
    }

    // MARK: Events

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        switch state {
        case .connecting: connected()
        case .handshaking: handshake()
        case .idle:
            if DeliberateFault.isOn(.strayBytesIgnored), !readiness.contains(.failed) { break }
            // Whatever comes on an idle connection (a FIN, an answer to no request) makes it useless.
            pool.dropIdle(self)
        case .busy:
            if readiness.contains(.peerClosed) { hangupSeen = true }
            if readiness.contains(.failed) { failureSeen = true }
            user?.upstreamEvent(readiness)
        case .multiplexed: session?.ready(readiness)
        case .closed: break
        }
    }

    private func connected() {
        guard let socket else { return }
        let error = socket.pendingError()
        guard error == 0 else { return fail(Errno(error).isRefusal ? .refused : .unreachable) }
        guard let context = pool.credentials.tls else { return established() }
        do throws(TLSError) {
            self.context = context
            try socket.startTLS(connecting: context, name: pool.serverName, offering: offer)
        } catch {
            return fail(.tlsFailed, error)
        }
        state = .handshaking
        socket.want([])
        handshake()
    }

    private func handshake() {
        guard let socket else { return }
        switch socket.handshake() {
        case .complete: established()
        case .pending: break
        case .failed(let error): fail(.tlsFailed, error)
        }
    }

    private func established() {
        if socket?.speaksHTTP2 ?? false { return startSession() }
        pool.settled(self, speaksHTTP2: false)
        state = .busy
        watch(reading: true)
        user?.upstreamReady(self, reused: false)
    }

    /// HTTP/2: it can carry requests once the server has said how many.
    private func startSession() {
        state = .multiplexed
        let session = UpstreamSession(connection: self, plane: plane, pool: pool)
        self.session = session
        session.start()
    }

    /// The session can carry requests, that of whoever has asked for the connection first.
    func sessionOpened() {
        guard let session else { return }
        let first = user
        user = nil
        pool.settled(self, speaksHTTP2: true)
        if let first { first.upstreamReady(session.promise(to: first), reused: false) }
    }

    /// Whoever waited for it hears that there will be none.
    func sessionLost() {
        let first = user
        if first != nil { pool.noteFailure(.closedEarly, address: address, error: nil) }
        close(reset: true)
        first?.upstreamUnavailable(.closedEarly)
    }

    private func fail(_ failure: UpstreamFailure, _ error: TLSError? = nil) {
        pool.noteFailure(failure, address: address, error: error)
        let user = self.user
        close(reset: true)
        user?.upstreamUnavailable(failure)
    }

    // MARK: For the user

    /// Reads once. A response that has filled its chunk is given a larger one, so that a long body comes in whole TLS
    /// records while a short one costs a page; and what fills a record's worth comes several at once, so that both peers
    /// are woken once for all of them, until a read brings less.
    override func fill(inBulk: Bool) -> StreamSocket.Outcome {
        let chunk = bodyChunk == .large && !inBulk ? .medium : bodyChunk
        if receive.isEmpty, receive.capacity < chunk.rawValue { receive.discardAll() }
        let wanted = max(Self.shortRead, chunk == .small ? 0 : chunk.rawValue - receive.count)
        guard let socket, receive.room >= Self.leastRead || receive.reserve(wanted) || receive.reserve(Self.shortRead)
        else { return .noBuffer }
        let most = chunk == .large ? Self.bulk : StreamSocket.mostPlain
        let outcome = socket.receive(into: receive, atMost: most)
        tookAll = outcome == .moved(most)
        if tookAll {
            bodyChunk = .large
        } else if bodyChunk == .large || receive.isFull {
            bodyChunk = .medium
        }
        return outcome
    }

    override var leftSome: Bool { tookAll || super.leftSome }

    /// What one read takes in bulk.
    private static let bulk = 4 * StreamSocket.mostPlain
    private static let shortRead = BufferPool.Size.small.rawValue
    private static let leastRead = 512

    override func flush() -> StreamSocket.Outcome {
        guard let socket else { return .lost(.connectionLost) }
        return socket.send(from: send)
    }

    override var isBlocked: Bool { !send.isEmpty }

    override var hasPending: Bool { socket?.hasPending ?? false }

    override var isClean: Bool {
        super.isClean && !hangupSeen && !failureSeen && !(socket?.holdsUnread ?? true)
    }

    override var tunnelSocket: StreamSocket? { socket }

    /// Writing is watched for as long as there is something to write.
    override func watch(reading: Bool) {
        var interest = reading ? Interest.read : .none
        if !send.isEmpty { interest = interest.union(.write) }
        // Level-triggered: a FIN that was told and cannot be acted upon yet must not be told again and again.
        if !hangupSeen { interest = interest.union(.hangup) }
        socket?.want(interest)
        // Failure is told whatever is watched for, and there is nothing to be done about it before more can be read.
        if failureSeen, !DeliberateFault.isOn(.failureToldForEver) { reading ? socket?.resume() : socket?.suspend() }
    }

    override func release() { pool.release(self) }

    // MARK: For the session

    /// Reads once.
    func receive(into buffer: Buffer) -> StreamSocket.Outcome {
        socket?.receive(into: buffer) ?? .lost(.connectionLost)
    }

    /// Writes as much as the server takes; false: the connection is gone.
    func send(from buffer: Buffer) -> Bool {
        guard let socket else { return false }
        while !buffer.isEmpty {
            switch socket.send(from: buffer) {
            case .moved: continue
            case .blocked: return true
            case .endOfStream, .lost, .noBuffer: return false
            }
        }
        return true
    }

    func want(_ interest: Interest) { socket?.want(interest) }

    // MARK: For the pool

    /// Whether an idle connection can be used again. What came on it belongs to no request, and would be taken for the
    /// answer to the next one, which may be another user's. The loop tells of it, and then the connection is dropped; but
    /// what it has heard and not told yet, and what may have come since it last asked, has to be looked for here.
    var isReusable: Bool {
        guard let socket, state == .idle else { return false }
        return !socket.hasNews(since: idleSince)
    }

    /// The loop has asked the kernel about it since it became idle.
    var isHeardOf: Bool { idleSince != plane.reactor.waits }

    func takeOver(_ user: any UpstreamUser) {
        precondition(state == .idle)
        state = .busy
        wasUsed = true
        self.user = user
    }

    func becomeIdle(until deadline: Instant) {
        precondition(state == .busy)
        state = .idle
        user = nil
        bodyChunk = .small
        idleSince = plane.reactor.waits
        idleDeadline = deadline
        receive.discardAll()
        send.discardAll()
        watch(reading: true)
    }

    /// Ends it. `reset`: the API server gets RST, and so notices at once even if it has not read all of the request.
    override func close(reset: Bool) {
        guard state != .closed else { return }
        state = .closed
        user = nil
        session?.lose(.ended)
        socket?.close(reset: reset)
        socket = nil
        receive.discardAll()
        send.discardAll()
        pool.noteClosed(self)
    }
}

extension Errno {
    fileprivate var isRefusal: Bool { rawValue == 111 }
}
