// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import Foundation
internal import Synchronization

/// One TCP connection, with TLS on it or without, whose every wait has a deadline. The socket is non-blocking and the
/// waits are `poll(2)`, so that what the peer does is seen, and stamped, at once. Used by one thread at a time; only
/// `abandon()` may come from another.
package final class Wire: @unchecked Sendable {
    /// What a read brought.
    package enum Received: Equatable, Sendable {
        case bytes([UInt8])
        /// The peer's orderly end: a FIN, or over TLS its close_notify.
        case finished
        /// Over TLS: the connection's end without close_notify.
        case truncated
        case reset
        case timedOut
    }

    /// How a write ended, and how many bytes the kernel took.
    package enum Sent: Equatable, Sendable {
        case all
        case closed(after: Int)
        case timedOut(after: Int)
    }

    package let localPort: UInt16
    package let remotePort: UInt16
    private let tls: Mutex<TLSSession?>
    private let descriptor: Mutex<Int32>
    private let fd: Int32

    /// Takes the descriptor over.
    init(descriptor: Int32) {
        fd = descriptor
        self.descriptor = Mutex(descriptor)
        tls = Mutex(nil)
        Sockets.makeNonBlocking(descriptor)
        localPort = Sockets.port(of: descriptor, peer: false)
        remotePort = Sockets.port(of: descriptor, peer: true)
    }

    deinit {
        closeDescriptor()
    }

    // MARK: TLS

    /// The client's side of a handshake; false when it failed or the deadline passed.
    package func startTLS(_ context: TLSContext, serverName: String?, by deadline: Deadline) -> Bool {
        handshake(TLSSession(context, descriptor: fd, serverName: serverName), by: deadline)
    }

    /// The server's side of a handshake.
    package func acceptTLS(_ context: TLSContext, by deadline: Deadline) -> Bool {
        handshake(TLSSession(context, descriptor: fd), by: deadline)
    }

    /// `TLSv1.2`, `TLSv1.3`; nil without TLS.
    package var tlsVersion: String? {
        tls.withLock { $0?.version }
    }

    /// The subject of the certificate that the peer has shown; nil: none.
    package var peerName: String? { tls.withLock { $0 }?.peerName }

    private func handshake(_ session: TLSSession, by deadline: Deadline) -> Bool {
        tls.withLock { $0 = session }
        while true {
            switch session.handshake() {
            case .done: return true
            case .wants(let events): guard Sockets.wait(fd, events, by: deadline) != 0 else { return false }
            case .finished, .truncated, .reset: return false
            }
        }
    }

    // MARK: Bytes

    /// Waits for some bytes, or for the end.
    package func read(upTo limit: Int = 65_536, by deadline: Deadline) -> Received {
        var buffer = [UInt8](repeating: 0, count: limit)
        let session = tls.withLock { $0 }
        while true {
            let result = session?.read(into: &buffer) ?? Sockets.read(fd, into: &buffer)
            switch result {
            case .done(let count): return .bytes(Array(buffer.prefix(count)))
            case .finished: return .finished
            case .truncated: return .truncated
            case .reset: return .reset
            case .wants(let events): guard Sockets.wait(fd, events, by: deadline) != 0 else { return .timedOut }
            }
        }
    }

    /// Writes all of it, unless the connection ends or the deadline passes first.
    @discardableResult
    package func write(_ bytes: [UInt8], by deadline: Deadline) -> Sent {
        var offset = 0
        let session = tls.withLock { $0 }
        while offset < bytes.count {
            switch session?.write(bytes, from: offset) ?? Sockets.write(fd, bytes, from: offset) {
            case .done(let count): offset += count
            case .finished, .truncated, .reset: return .closed(after: offset)
            case .wants(let events):
                let seen = Sockets.wait(fd, events, by: deadline)
                if seen == 0 { return .timedOut(after: offset) }
                if seen & Sockets.failure != 0 { return .closed(after: offset) }
            }
        }
        return .all
    }

    @discardableResult
    package func write(_ text: String, by deadline: Deadline = .after(.seconds(10))) -> Sent {
        write(Array(text.utf8), by: deadline)
    }

    /// While true, what is written waits, so that several writes (over TLS: records) go out as one segment (TCP_CORK).
    package func cork(_ isOn: Bool) {
        descriptor.withLock { if $0 >= 0 { Sockets.setCork($0, isOn) } }
    }

    /// Waits for the peer's end without reading a byte: a FIN that has reached our kernel, even behind unread bytes, or a
    /// reset. nil: the deadline passed.
    package func waitForPeerClose(by deadline: Deadline) -> ContinuousClock.Instant? {
        Sockets.wait(fd, Sockets.peerClosed, by: deadline) == 0 ? nil : .now
    }

    // MARK: The end

    /// TLS: sends close_notify, and leaves TCP open. Without TLS: the FIN, and leaves the other direction open.
    package func finishSending() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            guard let session = tls.withLock({ $0 }) else {
                shutdown(descriptor, Int32(SHUT_WR))
                return
            }
            session.sendCloseNotify()
        }
    }

    /// TCP's FIN alone, whatever TLS would say: what a killed program's kernel sends when nothing was unread.
    package func sendFIN() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { shutdown(descriptor, Int32(SHUT_WR)) }
        }
    }

    // Each of these does nothing to a connection that was closed before: its descriptor's number may be another one's by
    // now, and an alert or a reset would reach that one.

    /// The orderly end: close_notify if there is TLS, then close.
    package func close() {
        closeDescriptor { _ in tls.withLock { $0 }?.sendCloseNotify() }
    }

    /// Closes the descriptor and says nothing of it over TLS. The kernel sends a FIN, or a reset if bytes were unread.
    package func closeAbruptly() {
        closeDescriptor()
    }

    /// An RST (SO_LINGER with a time of 0).
    package func reset() {
        closeDescriptor(after: Sockets.setLingerZero)
    }

    /// Takes the socket away without a sign on the wire, as a host that lost its power (TCP_REPAIR; needs
    /// CAP_NET_ADMIN). False when the kernel would not.
    package func vanish() -> Bool {
        var isVanished = false
        closeDescriptor { isVanished = Sockets.enterRepair($0) }
        return isVanished
    }

    /// Wakes a thread that waits on this connection, from any other thread.
    func abandon() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    private func closeDescriptor(after farewell: (Int32) -> Void = { _ in }) {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            farewell(descriptor)
            _ = Foundation.close(descriptor)
            descriptor = -1
        }
    }
}
