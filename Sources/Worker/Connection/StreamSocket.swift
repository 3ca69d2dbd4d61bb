// SPDX-License-Identifier: Apache-2.0

import Shared

/// A connected (or connecting) stream socket with TLS or without: the one owner of its descriptor, its TLS session and
/// its place in the loop. Client connections and upstream connections both stand on it.
final class StreamSocket {
    private let reactor: Reactor
    private let fd: Int32
    private var session: TLSSession?
    private var registration: Reactor.Registration
    /// What its owner wants to hear of.
    private var wanted: Interest
    /// What TLS needs in order to go on, whatever its owner wants.
    private var needed = Interest.none
    private(set) var isClosed = false
    /// The last read came to nothing.
    private var isDrained = true
    private var hasReadPlain = false
    private var resetsIfKilled = false

    /// What reading or writing came to.
    enum Outcome: Equatable {
        /// So many bytes were moved (0 never).
        case moved(Int)
        /// Nothing now; readiness will tell.
        case blocked
        /// The peer ended its stream properly: FIN without TLS, close_notify with it.
        case endOfStream
        /// The connection is gone: reset, or TLS broken, or TLS cut by a FIN without close_notify.
        case lost(TLSError)
        /// No memory for it in the buffer pool.
        case noBuffer
    }

    enum HandshakeOutcome: Equatable {
        case complete
        case pending
        case failed(TLSError)
    }

    /// Takes ownership of `fd`.
    init(
        reactor: Reactor, owning fd: Int32, interest: Interest, handler: any EventHandler
    ) throws(Errno) {
        self.reactor = reactor
        self.fd = fd
        wanted = interest
        do throws(Errno) {
            registration = try reactor.register(fd, interest, handler: handler)
        } catch {
            reactor.kernel.close(fd, reset: true)
            throw error
        }
    }

    deinit {
        precondition(isClosed, "a socket must be closed by its owner, with a reason")
    }

    /// Starts TLS as a server.
    func startTLS(accepting context: TLSContext) throws(TLSError) {
        session = try context.accept(fd)
    }

    /// Starts TLS as a client of the server called `name`.
    func startTLS(
        connecting context: TLSContext, name: String, offering protocols: ApplicationProtocols = .none
    ) throws(TLSError) {
        session = try context.connect(fd, name: name, offering: protocols)
    }

    /// The outcome of a connect that was in progress: 0 or an error number.
    func pendingError() -> Int32 { reactor.kernel.pendingError(fd) }

    func prepare(userTimeout: Duration) {
        if DeliberateFault.isOn(.keepAliveNotSet) { return }
        reactor.kernel.prepareStream(fd, userTimeout: userTimeout)
    }

    /// The certificate that the client has shown, judged; nil: it has shown none.
    func clientCertificate(by authorities: ClientAuthorities, now: Int64) -> ClientCertificate? {
        session?.clientCertificate(by: authorities, now: now)
    }

    func handshake() -> HandshakeOutcome {
        guard let outcome = session?.handshake() else { return .complete }
        switch outcome {
        case .done:
            need(.none)
            return .complete
        case .wantsRead:
            need(.read)
            return .pending
        case .wantsWrite:
            need(.write)
            return .pending
        case .endOfStream: return .failed(.connectionLost)
        case .failed(let error): return .failed(error)
        }
    }

    /// Reads what there is into the buffer's room, which must not be empty: a TLS record, or so many bytes.
    func receive(into buffer: Buffer, atMost most: Int = StreamSocket.mostPlain) -> Outcome {
        precondition(buffer.room > 0)
        guard let outcome = session?.read(into: buffer) else { return receivePlain(into: buffer, atMost: most) }
        switch outcome {
        case .done(let count):
            need(.none)
            isDrained = false
            return .moved(count)
        case .wantsRead:
            need(.none)
            isDrained = true
            return .blocked
        case .wantsWrite:
            need(.write)
            isDrained = true
            return .blocked
        case .endOfStream: return .endOfStream
        case .failed(let error): return .lost(error)
        }
    }

    /// Reads at most so many bytes of what is in front of TLS.
    func receiveRaw(into buffer: Buffer, atMost: Int) -> Outcome {
        precondition(session == nil && atMost > 0 && buffer.room > 0)
        return outcome(reactor.kernel.read(fd, into: buffer, atMost: atMost))
    }

    /// Bytes that one read without TLS takes at most: what they become with their framing goes out as one TLS record of
    /// 16 KiB. A few bytes more, and every chunk of a long body would be two records, and two system calls.
    static let mostPlain = 16_320

    private func receivePlain(into buffer: Buffer, atMost most: Int) -> Outcome {
        outcome(reactor.kernel.read(fd, into: buffer, atMost: most))
    }

    private func outcome(_ count: Int) -> Outcome {
        if count > 0 {
            hasReadPlain = true
            return .moved(count)
        }
        if count == 0 { return .endOfStream }
        return Errno(Int32(truncatingIfNeeded: -count)).isTransient ? .blocked : .lost(.connectionLost)
    }

    /// Writes the buffer's front; what went out is consumed.
    func send(from buffer: Buffer) -> Outcome {
        guard !buffer.isEmpty else { return .moved(0) }
        guard let outcome = session?.write(from: buffer) else { return sendPlain(from: buffer) }
        switch outcome {
        case .done(let count):
            need(.none)
            return .moved(count)
        case .wantsWrite:
            need(.none)
            return .blocked
        case .wantsRead:
            need(.read)
            return .blocked
        case .endOfStream: return .lost(.connectionLost)
        case .failed(let error): return .lost(error)
        }
    }

    private func sendPlain(from buffer: Buffer) -> Outcome {
        let count = reactor.kernel.write(fd, from: buffer)
        if count >= 0 { return .moved(count) }
        return Errno(Int32(truncatingIfNeeded: -count)).isTransient ? .blocked : .lost(.connectionLost)
    }

    /// Whether any byte was ever read from it.
    var hasRead: Bool { hasReadPlain || (session?.hasRead ?? false) }

    /// Bytes that TLS has taken from the socket already, so that readiness will not tell of them. A part of a record does
    /// not count: its rest will be told of.
    var hasPending: Bool { !isDrained && (session?.hasPending ?? false) }

    /// Bytes that nobody has asked for lie in TLS already, a part of a record included.
    var holdsUnread: Bool { session?.hasPending ?? false }

    /// Whether something has come, be it the end, since its owner was told last. It has wanted to hear of that since the
    /// loop's wait of that number: only what no wait can have told yet takes a system call.
    func hasNews(since wait: UInt64) -> Bool {
        if reactor.hasUndelivered(registration) { return true }
        let isHeardOf = wait != reactor.waits && reactor.heardAll
        return !isHeardOf && reactor.kernel.hasUnread(fd)
    }

    /// TLS has agreed on HTTP/2 (ALPN).
    var speaksHTTP2: Bool { session?.hasChosenHTTP2 ?? false }

    /// What the owner wants to hear of from now on.
    func want(_ interest: Interest) {
        guard !isClosed else { return }
        wanted = interest
        reactor.setInterest(registration, wanted.union(needed))
    }

    /// Hears nothing any more, not even of failure, until `resume`.
    func suspend() {
        guard !isClosed else { return }
        reactor.suspend(registration)
    }

    func resume() {
        guard !isClosed else { return }
        reactor.resume(registration)
    }

    private func need(_ interest: Interest) {
        guard needed != interest else { return }
        needed = interest
        reactor.setInterest(registration, wanted.union(needed))
    }

    /// Says that nothing more will be sent (close_notify, FIN), while reading goes on.
    func finishSending() {
        session?.notifyClose()
        reactor.kernel.shutdownWrite(fd)
    }

    /// Ends our stream, and nothing else: close_notify over TLS, FIN without. TCP's FIN does not follow close_notify here,
    /// since many a peer takes it for the end of both directions. False: not yet, the socket must be writable.
    func endStream() -> Bool {
        guard let isSaid = session?.notifyClose() else {
            reactor.kernel.shutdownWrite(fd)
            return true
        }
        return isSaid
    }

    private func leaveLoop() {
        // By a copy: an access to the property itself would outlast the call, and cost every other one a check.
        var place = registration
        registration = .none
        reactor.remove(&place)
    }

    /// If this process dies, the peer gets RST, and can take that for no end. Our own ends stay what they are. (Over TLS
    /// the missing close_notify tells as much.)
    func resetIfKilled() {
        guard session == nil else { return }
        resetsIfKilled = true
        reactor.kernel.setReset(fd, onClose: true)
    }

    private func endsProperly() {
        if resetsIfKilled { reactor.kernel.setReset(fd, onClose: false) }
    }

    /// Ends it. `reset`: RST instead of close_notify and FIN; the peer cannot take that for a proper end.
    func close(reset: Bool) {
        guard !isClosed else { return }
        isClosed = true
        leaveLoop()
        if !reset {
            endsProperly()
            session?.notifyClose()
            // The supervisor may still hold its copy of an unclaimed socket: only this makes FIN go out now.
            reactor.kernel.shutdownWrite(fd)
        }
        session = nil
        reactor.kernel.close(fd, reset: reset)
    }

    /// Ends it with FIN but without close_notify: what has been sent still arrives, and a TLS client sees the cut.
    func cut() {
        guard !isClosed else { return }
        isClosed = true
        endsProperly()
        leaveLoop()
        reactor.kernel.shutdownWrite(fd)
        session = nil
        reactor.kernel.close(fd, reset: false)
    }
}

extension Errno {
    var isTransient: Bool { self == .again || self == .interrupted }
}
