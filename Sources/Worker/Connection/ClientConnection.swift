// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// One client's connection, from the hand-off to its close: the socket, the TLS handshake, the claim, and a proper end.
/// What is said on it in between is the session's.
final class ClientConnection: EventHandler, TimerHandler {
    private enum Phase: Equatable {
        /// A proxy is to say whom it speaks for.
        case greeting
        case handshake
        case open
        /// We have said our last word; what the client still sends is read and dropped for a moment, since a close
        /// with unread bytes would be a reset, and that could take our answer from the client's hands.
        case lingering
        case closed
    }

    /// The supervisor's number of it.
    let id: UInt64
    /// The client; behind a proxy that is believed, the one that it speaks for.
    private(set) var peer: SocketAddress
    let plane: Plane
    let isTLS: Bool
    /// What its listener is for.
    let service: ListenerService
    private(set) lazy var forwarding = Forwarding(peer: peer, isTLS: isTLS, trustsPeer: service.trusts(peer))
    private unowned let connections: ClientConnections
    /// nil: clients are not asked for certificates.
    private let trust: ClientTrust?
    private var certificate: (by: ClientAuthorities, verdict: CertificateVerdict, until: Double)?
    private var socket: StreamSocket?
    private var greeting: ProxyGreeting?
    private var context: TLSContext?
    private var session: (any ClientSession)?
    private var phase: Phase
    private var currentTimer = DeadlineTimer()
    // Taken out and put back for each use, so that no access outlasts its statement.
    private var timer: DeadlineTimer {
        get { currentTimer }
        set { currentTimer = newValue }
    }
    private var memo: TokenMemo?
    private var isClaimed = false
    private var lingered = 0

    private static let lingerTime = Duration.seconds(2)
    private static let lingerBytes = 262_144

    init(
        id: UInt64, peer: SocketAddress, plane: Plane, connections: ClientConnections, isTLS: Bool,
        service: ListenerService, trust: ClientTrust? = nil
    ) {
        self.id = id
        self.peer = peer
        self.plane = plane
        self.connections = connections
        self.trust = trust
        self.isTLS = isTLS
        self.service = service
        phase = isTLS ? .handshake : .open
    }

    /// Takes the socket over. Nothing is read before it is readable: until then another worker could still have it.
    ///
    /// - Parameter greeted: a PROXY header comes first.
    func open(_ descriptor: consuming FileDescriptor, tls context: TLSContext?, greeted: Bool = false) {
        do throws(Errno) {
            let socket = try StreamSocket(
                reactor: plane.reactor, owning: descriptor.release(), interest: [.read, .hangup], handler: self)
            self.socket = socket
            socket.prepare(userTimeout: plane.configuration.deadlines.bodyProgress)
        } catch {
            plane.logger.warning("connection not taken", metadata: ["error": "\(error)"])
            return end()
        }
        let deadlines = plane.configuration.deadlines
        guard !greeted else {
            self.context = context
            greeting = ProxyGreeting(pool: plane.buffers)
            phase = .greeting
            return setDeadline(plane.reactor.now + deadlines.tlsHandshake)
        }
        guard let context else {
            if !DeliberateFault.isOn(.openDeadlineForgotten) { setDeadline(plane.reactor.now + deadlines.requestHead) }
            session = plane.plainSession(self)
            if DeliberateFault.isOn(.claimsTooEarly) { claim() }
            return
        }
        setDeadline(plane.reactor.now + deadlines.tlsHandshake)
        startTLS(context)
    }

    private func startTLS(_ context: TLSContext) {
        do throws(TLSError) {
            try socket?.startTLS(accepting: context)
        } catch {
            plane.logger.warning("TLS session not made", metadata: ["error": "\(error)"])
            close(reset: true)
        }
    }

    // MARK: Events

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        switch phase {
        case .greeting: greet()
        case .handshake: shakeHands(readiness)
        case .open: session?.ready(readiness, now: now)
        case .lingering: linger()
        case .closed: break
        }
        if socket?.hasRead ?? false { claim() }
    }

    /// Says that bytes of this connection were read, so that no other worker can have it any more. An event alone says
    /// nothing of the kind: its read may have come to nothing.
    private func claim() {
        guard !isClaimed, phase != .closed else { return }
        isClaimed = true
        connections.claimed(self)
    }

    /// Reads the PROXY header. The deadline goes on for the TLS handshake.
    private func greet() {
        guard let socket, let greeting else { return }
        switch greeting.read(from: socket) {
        case .pending: break
        case .failed(let reason): failGreeting(reason)
        case .complete(let source):
            self.greeting = nil
            if let source { peer = source }
            guard let context else {
                phase = .open
                setDeadline(plane.reactor.now + plane.configuration.deadlines.requestHead)
                session = plane.plainSession(self)
                return
            }
            phase = .handshake
            startTLS(context)
        }
    }

    private func failGreeting(_ reason: String) {
        plane.panel.add(.proxyHeadersRefused)
        plane.logger.debug("PROXY header refused", metadata: ["proxy": "\(peer)", "reason": "\(reason)"])
        close(reset: true)
    }

    private func shakeHands(_ readiness: Readiness) {
        guard let socket else { return }
        switch socket.handshake() {
        case .pending:
            if !readiness.isDisjoint(with: [.peerClosed, .failed]) { failHandshake(.connectionLost) }
        case .failed(let error): failHandshake(error)
        case .complete:
            plane.panel.add(.tlsHandshakes)
            phase = .open
            socket.want(.readAndHangup)
            setDeadline(plane.reactor.now + plane.configuration.deadlines.requestHead)
            let session: any ClientSession =
                socket.speaksHTTP2 ? HTTP2Session(connection: self) : HTTP1Session(connection: self)
            self.session = session
            session.start()
        }
    }

    private func failHandshake(_ error: TLSError) {
        plane.panel.add(.tlsFailures)
        plane.logger.debug("TLS handshake failed", metadata: ["client": "\(peer)", "error": "\(error)"])
        close(reset: false)
    }

    func timerFired(tag: UInt32, now: Instant) {
        guard timer.isDue(now: now, on: plane.reactor, handler: self) else { return }
        switch phase {
        case .greeting:
            plane.count(.tlsHandshake)
            failGreeting("deadline")
        case .handshake:
            plane.count(.tlsHandshake)
            failHandshake(.failed("deadline"))
        case .open: session?.deadlinePassed(now: now)
        case .lingering: close(reset: false)
        case .closed: break
        }
    }

    // MARK: For the session

    /// Reads once into the buffer's room.
    func receive(into buffer: Buffer) -> StreamSocket.Outcome {
        socket?.receive(into: buffer) ?? .lost(.connectionLost)
    }

    /// Sends what the buffer holds, as far as the client takes it. False: the connection is lost.
    func send(from buffer: Buffer, onProgress: () -> Void) -> Bool {
        guard let socket else { return false }
        while !buffer.isEmpty {
            switch socket.send(from: buffer) {
            case .moved: onProgress()
            case .blocked: return true
            case .endOfStream, .lost, .noBuffer: return false
            }
        }
        return true
    }

    /// Whom the client's certificate stands for, by the authorities that are trusted now.
    func certificateVerdict() -> CertificateVerdict {
        guard let authorities = trust?.authorities else { return .none }
        let now = plane.reactor.kernel.wallClock()
        if let certificate, certificate.by === authorities, Double(now) <= certificate.until {
            return certificate.verdict
        }
        guard let shown = socket?.clientCertificate(by: authorities, now: Int64(now)) else { return .none }
        let verdict = shown.judge(limits: plane.identityLimits)
        certificate = (authorities, verdict, shown.until)
        return verdict
    }

    var tokens: TokenMemo {
        if let memo { return memo }
        let made = TokenMemo()
        memo = made
        return made
    }

    func forgetToken() { memo = nil }

    var hasPending: Bool { socket?.hasPending ?? false }

    /// What a tunnel goes through. It stays this connection's to close.
    var tunnelSocket: StreamSocket? { socket }

    func want(_ interest: Interest) { socket?.want(interest) }

    /// From here on only an end that we make is an end: the worker's death resets the connection.
    func resetIfKilled() { socket?.resetIfKilled() }

    /// The session's one deadline; `.never`: none.
    func setDeadline(_ deadline: Instant) {
        timer.set(deadline, on: plane.reactor, handler: self)
    }

    // MARK: Ends

    /// Everything has been said: close, but not before the client has had a moment to read it.
    func finishAndLinger() {
        guard phase == .open else { return }
        phase = .lingering
        releaseSession()
        socket?.finishSending()
        socket?.want(.readAndHangup)
        setDeadline(plane.reactor.now + Self.lingerTime)
        linger()
    }

    private func linger() {
        guard let socket else { return }
        let dropped = Buffer(pool: plane.buffers)
        while lingered < Self.lingerBytes, dropped.reserve(4_096) {
            switch socket.receive(into: dropped) {
            case .moved(let count):
                lingered += count
                dropped.consume(count)
            case .blocked: return
            case .endOfStream, .lost, .noBuffer: return close(reset: false)
            }
        }
        close(reset: false)
    }

    func close(reset: Bool) {
        guard phase != .closed else { return }
        socket?.close(reset: reset)
        end()
    }

    /// Ends it so that a TLS client sees a truncated stream.
    func cut() {
        guard phase != .closed else { return }
        socket?.cut()
        end()
    }

    private func end() {
        phase = .closed
        socket = nil
        greeting = nil
        timer.cancel(on: plane.reactor)
        releaseSession()
        connections.closed(self)
    }

    private func releaseSession() {
        session?.connectionClosed()
        session = nil
    }

    // MARK: For the worker

    func drain() { session?.drain() }

    /// The drain's deadline has come: nothing is waited for any more.
    func cutNow() {
        session?.cutExchanges()
        if phase != .closed { close(reset: false) }
    }

    func forEachExchange(_ body: (Exchange) -> Void) { session?.forEachExchange(body) }

    func exchange(_ id: UInt64) -> Exchange? { session?.exchange(id) }
}
