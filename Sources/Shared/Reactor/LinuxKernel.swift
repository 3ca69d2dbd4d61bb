// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The real one: epoll, sockets, CLOCK_MONOTONIC.
@safe package final class LinuxKernel: Kernel {
    private let epoll: FileDescriptor
    private let ready: UnsafeMutableBufferPointer<lg_event>
    /// Events taken in one turn at most.
    package static let batch = 256

    package init() throws(Errno) {
        epoll = FileDescriptor(owning: try Errno.check(lg_epoll_create()))
        unsafe ready = .allocate(capacity: Self.batch)
    }

    deinit {
        unsafe ready.deallocate()
    }

    package func now() -> Instant { Instant(nanoseconds: lg_monotonic_ns()) }
    package func wallClock() -> Int64 { lg_realtime_seconds() }
    package func wallClockMilliseconds() -> Int64 { lg_realtime_ms() }

    package func socket(for address: SocketAddress) -> Int32 {
        lg_socket(address.family == .ipv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue))
    }

    package func connect(_ fd: Int32, to address: SocketAddress) -> Int32 {
        var (storage, length) = address.storage
        return unsafe lg_connect(fd, &storage, length)
    }

    package func pendingError(_ fd: Int32) -> Int32 { lg_get_option(fd, SOL_SOCKET, SO_ERROR) }

    package func prepareStream(_ fd: Int32, userTimeout: Duration) {
        // Failures are harmless here: a Unix socket has none of these, and each only sharpens what a deadline does anyway.
        _ = lg_set_option(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        _ = lg_set_option(fd, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(clamping: Int(userTimeout.milliseconds)))
        _ = lg_set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1)
        _ = lg_set_option(fd, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
        _ = lg_set_option(fd, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
        _ = lg_set_option(fd, Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
    }

    package func read(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        unsafe lg_receive(fd, buffer.baseAddress, buffer.count)
    }

    package func hasUnread(_ fd: Int32) -> Bool { lg_has_unread(fd) }

    package func write(_ fd: Int32, from buffer: UnsafeRawBufferPointer) -> Int {
        unsafe lg_send(fd, buffer.baseAddress, buffer.count)
    }

    package func shutdownWrite(_ fd: Int32) { _ = lg_shutdown(fd, Int32(SHUT_WR)) }

    package func close(_ fd: Int32, reset: Bool) {
        if reset { setReset(fd, onClose: true) }
        precondition(lg_close(fd) != -EBADF, "descriptor closed twice")
    }

    package func setReset(_ fd: Int32, onClose: Bool) { _ = lg_set_linger_reset(fd, onClose) }

    package func bytesConsumed(_ fd: Int32) -> Int64 { lg_tcp_bytes_consumed(fd) }

    package func sendRecord(_ fd: Int32, bytes: UnsafeRawBufferPointer, passing descriptor: Int32?) -> Int {
        unsafe lg_send_record(fd, bytes.baseAddress, bytes.count, descriptor ?? -1)
    }

    package func receiveRecord(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReceivedRecord {
        var passed: Int32 = -1
        var flags: Int32 = 0
        let count = unsafe lg_receive_record(fd, buffer.baseAddress, buffer.count, &passed, &flags)
        return ReceivedRecord(
            count: count, descriptor: passed >= 0 ? passed : nil,
            truncated: flags & Int32(LG_RECORD_TRUNCATED) != 0,
            descriptorLost: flags & Int32(LG_DESCRIPTOR_LOST) != 0)
    }

    package func pollAdd(_ fd: Int32, _ interest: Interest, tag: UInt64) -> Int32 {
        lg_epoll_ctl(epoll.raw, EPOLL_CTL_ADD, fd, interest.epollBits, tag)
    }

    package func pollModify(_ fd: Int32, _ interest: Interest, tag: UInt64) {
        let result = lg_epoll_ctl(epoll.raw, EPOLL_CTL_MOD, fd, interest.epollBits, tag)
        precondition(result == 0, "a registered descriptor is gone")
    }

    package func pollRemove(_ fd: Int32) {
        _ = lg_epoll_ctl(epoll.raw, EPOLL_CTL_DEL, fd, 0, 0)
    }

    package func rest(nanoseconds: UInt64) { lg_sleep(nanoseconds) }

    package func pollWait(_ events: inout [ReadyEvent], timeout: Duration?) -> Int {
        let count = unsafe lg_epoll_wait(
            epoll.raw, ready.baseAddress, Int32(min(events.count, Self.batch)), timeout?.nanoseconds ?? -1)
        // EINTR (a debugger, SIGCONT): a turn without events.
        guard count > 0 else { return 0 }
        for index in 0..<Int(count) {
            let event = unsafe ready[index]
            events[index] = ReadyEvent(tag: event.data, readiness: Readiness(epollBits: event.events))
        }
        return Int(count)
    }
}

extension Interest {
    fileprivate var epollBits: UInt32 {
        var bits: UInt32 = 0
        if contains(.hangup) { bits |= EPOLLRDHUP.rawValue }
        if contains(.read) { bits |= EPOLLIN.rawValue }
        if contains(.write) { bits |= EPOLLOUT.rawValue }
        return bits
    }
}

extension Readiness {
    fileprivate init(epollBits bits: UInt32) {
        self = []
        if bits & EPOLLIN.rawValue != 0 { insert(.readable) }
        if bits & EPOLLOUT.rawValue != 0 { insert(.writable) }
        if bits & EPOLLRDHUP.rawValue != 0 { insert(.peerClosed) }
        if bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { insert(.failed) }
    }
}
