// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The outcome of one non-blocking attempt on a connection.
enum Attempt: Equatable {
    case done(Int)
    /// Not now: wait for these `poll(2)` events.
    case wants(Int16)
    case finished
    case truncated
    case reset
}

/// The socket calls of the harness, kept in one place for their pointers.
enum Sockets {
    static let readable = Int16(POLLIN)
    static let writable = Int16(POLLOUT)
    /// POLLRDHUP (linux/poll.h; Glibc's module does not show it), with the conditions that are always reported.
    static let peerClosed = Int16(0x2000)
    static let failure = Int16(POLLERR | POLLHUP | POLLNVAL)

    /// `poll(2)` on one descriptor; the events seen, 0 when the deadline passed.
    static func wait(_ descriptor: Int32, _ events: Int16, by deadline: Deadline) -> Int16 {
        while true {
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let count = unsafe poll(&entry, 1, deadline.pollMilliseconds)
            if count > 0 { return entry.revents }
            if count == 0 && deadline.hasPassed { return 0 }
        }
    }

    static func read(_ descriptor: Int32, into buffer: inout [UInt8]) -> Attempt {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        return switch count {
        case 1...: .done(count)
        case 0: .finished
        default: failed(wants: readable)
        }
    }

    static func write(_ descriptor: Int32, _ bytes: [UInt8], from offset: Int) -> Attempt {
        let count = unsafe bytes.withUnsafeBytes {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: $0[offset...])
            return unsafe send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        }
        return count >= 0 ? .done(count) : failed(wants: writable)
    }

    private static func failed(wants events: Int16) -> Attempt {
        errno == EAGAIN || errno == EINTR ? .wants(events) : .reset
    }

    /// A connected socket; the address is IPv4 and dotted. The buffer is set before the window is first told: a window
    /// that shrinks afterwards makes the kernel drop what it had room for.
    static func connect(
        to address: String, port: UInt16, from source: String? = nil, receiveBuffer: Int32?, by deadline: Deadline
    ) throws(HarnessError) -> Int32 {
        let descriptor = try open()
        if let source, unsafe withAddress(source, 0, { unsafe Foundation.bind(descriptor, $0, $1) }) != 0 {
            let reason = lastError
            _ = Foundation.close(descriptor)
            throw .system(call: "bind", reason: reason)
        }
        makeNonBlocking(descriptor)
        setReceiveBuffer(descriptor, receiveBuffer)
        let result = unsafe withAddress(address, port) { unsafe Foundation.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else {
            let reason = lastError
            _ = Foundation.close(descriptor)
            throw .system(call: "connect", reason: reason)
        }
        if result != 0 {
            let events = wait(descriptor, writable, by: deadline)
            let code = socketError(descriptor)
            guard events != 0, code == 0 else {
                _ = Foundation.close(descriptor)
                throw events == 0
                    ? .timedOut(waitingFor: "connect to \(address):\(port)")
                    : .system(call: "connect", reason: message(code))
            }
        }
        return descriptor
    }

    /// A listening socket, and the port it got.
    static func listen(
        on address: String, port: UInt16, backlog: Int32, receiveBuffer: Int32?
    ) throws(HarnessError) -> (descriptor: Int32, port: UInt16) {
        let descriptor = try open()
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        setReceiveBuffer(descriptor, receiveBuffer)
        guard unsafe withAddress(address, port, { unsafe bind(descriptor, $0, $1) }) == 0,
            Foundation.listen(descriptor, backlog) == 0
        else {
            let reason = lastError
            _ = Foundation.close(descriptor)
            throw .system(call: "listen on \(address):\(port)", reason: reason)
        }
        return (descriptor, Sockets.port(of: descriptor, peer: false))
    }

    /// The next connection, or nil when the listener was shut down.
    static func accept(_ listener: Int32) -> Int32? {
        while true {
            let descriptor = Foundation.accept(listener, nil, nil)
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                return descriptor
            }
            if errno != EINTR && errno != ECONNABORTED { return nil }
        }
    }

    private static func open() throws(HarnessError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw .system(call: "socket", reason: lastError) }
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return descriptor
    }

    static func makeNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    private static func setReceiveBuffer(_ descriptor: Int32, _ bytes: Int32?) {
        if let bytes { set(descriptor, SOL_SOCKET, SO_RCVBUF, bytes) }
    }

    static func setLingerZero(_ descriptor: Int32) {
        var value = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    static func setCork(_ descriptor: Int32, _ isOn: Bool) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_CORK, isOn ? 1 : 0)
    }

    /// TCP_REPAIR (linux/tcp.h, 19): a close in this mode sends nothing.
    static func enterRepair(_ descriptor: Int32) -> Bool {
        set(descriptor, Int32(IPPROTO_TCP), 19, 1)
    }

    @discardableResult
    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) -> Bool {
        var value = value
        return unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    private static func socketError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code
    }

    static func port(of descriptor: Int32, peer: Bool) -> UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe peer ? getpeername(descriptor, $0, &size) : getsockname(descriptor, $0, &size)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func withAddress(
        _ address: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var value = sockaddr_in()
        value.sin_family = sa_family_t(AF_INET)
        value.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, address, &value.sin_addr) == 1 else { return -1 }
        return unsafe withUnsafePointer(to: &value) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    static var lastError: String {
        message(errno)
    }

    private static func message(_ code: Int32) -> String {
        unsafe String(cString: strerror(code))
    }
}
