// SPDX-License-Identifier: Apache-2.0

/// The system calls that the plane makes: clock, sockets, records, readiness. `LinuxKernel` in production; a simulated
/// one plays clients, upstreams and faults from a seed.
///
/// Results below zero are negated error numbers; reads give 0 at the end of file. An indirect call costs nanoseconds
/// beside a system call's microseconds, so this is a plain class-bound protocol and the plane is not generic over it.
package protocol Kernel: AnyObject {
    func now() -> Instant
    /// Seconds since 1970, for what tokens and certificates say.
    func wallClock() -> Int64
    /// The same in milliseconds, for what people read.
    func wallClockMilliseconds() -> Int64

    /// A non-blocking stream socket for that address's family.
    func socket(for address: SocketAddress) -> Int32
    func connect(_ fd: Int32, to address: SocketAddress) -> Int32
    /// The outcome of a connect that was in progress (SO_ERROR): 0 or an error number.
    func pendingError(_ fd: Int32) -> Int32
    func prepareStream(_ fd: Int32, userTimeout: Duration)
    func read(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int
    /// Whether `read` would give anything now: bytes, the end of file, or an error. Takes nothing.
    func hasUnread(_ fd: Int32) -> Bool
    func write(_ fd: Int32, from buffer: UnsafeRawBufferPointer) -> Int
    /// Ends the writing side (FIN).
    func shutdownWrite(_ fd: Int32)
    /// Closes; `reset`: the peer gets RST instead of FIN, and unsent bytes are dropped.
    func close(_ fd: Int32, reset: Bool)
    /// Whether closing it without more ado, as a process's death does, sends RST (SO_LINGER with a time of 0).
    func setReset(_ fd: Int32, onClose: Bool)
    /// Bytes that anybody who shares this socket has read from it, or an error. The kernel counts, so that a dead
    /// worker need not be believed.
    func bytesConsumed(_ fd: Int32) -> Int64

    func sendRecord(_ fd: Int32, bytes: UnsafeRawBufferPointer, passing descriptor: Int32?) -> Int
    func receiveRecord(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReceivedRecord

    func pollAdd(_ fd: Int32, _ interest: Interest, tag: UInt64) -> Int32
    func pollModify(_ fd: Int32, _ interest: Interest, tag: UInt64)
    func pollRemove(_ fd: Int32)
    /// Waits for readiness, at most `timeout` (nil: no timer is set); gives the count of `events` filled.
    func pollWait(_ events: inout [ReadyEvent], timeout: Duration?) -> Int
    /// Sleeps, whatever happens meanwhile; a signal ends it.
    func rest(nanoseconds: UInt64)
}

extension Kernel {
    package func wallClockMilliseconds() -> Int64 { wallClock() * 1_000 }

    /// Where time is simulated nothing is gained by it.
    package func rest(nanoseconds: UInt64) {}

    /// Reads into the buffer's room, which must not be empty: the bytes read, 0 at the end of file, or an error.
    package func read(_ fd: Int32, into buffer: Buffer) -> Int {
        unsafe buffer.fill { room in unsafe read(fd, into: room) }
    }

    /// The same, but no more than so many bytes.
    package func read(_ fd: Int32, into buffer: Buffer, atMost: Int) -> Int {
        unsafe buffer.fill { room in
            unsafe read(fd, into: UnsafeMutableRawBufferPointer(rebasing: room.prefix(atMost)))
        }
    }

    /// Writes the buffer's front and consumes what went out: the bytes written, or an error.
    package func write(_ fd: Int32, from buffer: Buffer) -> Int {
        let count = unsafe buffer.withBytes { bytes in unsafe write(fd, from: bytes) }
        if count > 0 { buffer.consume(count) }
        return count
    }
}

/// One record received over a SOCK_SEQPACKET channel.
package struct ReceivedRecord {
    /// Bytes received; 0: end of file; below zero: a negated error number.
    package var count: Int
    /// The descriptor that came with it; whoever receives the record owns it.
    package var descriptor: Int32?
    /// The record was longer than the buffer.
    package var truncated: Bool
    /// A descriptor was sent but could not be taken in (descriptor limit).
    package var descriptorLost: Bool

    package init(count: Int, descriptor: Int32?, truncated: Bool, descriptorLost: Bool) {
        self.count = count
        self.descriptor = descriptor
        self.truncated = truncated
        self.descriptorLost = descriptorLost
    }
}

/// What a handler wants to hear of. Failure (EPOLLERR, EPOLLHUP) is always told.
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt8

    // Plain functions instead of OptionSet's generic ones: these run for each event, across modules.
    @inlinable @inline(__always) package init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable @inline(__always) package init(arrayLiteral elements: Interest...) {
        var bits: UInt8 = 0
        for element in elements { bits |= element.rawValue }
        self.init(rawValue: bits)
    }
    @inlinable package func contains(_ other: Interest) -> Bool { rawValue & other.rawValue == other.rawValue }
    @inlinable package func isDisjoint(with other: Interest) -> Bool { rawValue & other.rawValue == 0 }
    @inlinable package func union(_ other: Interest) -> Interest { Interest(rawValue: rawValue | other.rawValue) }

    @inlinable package static var none: Interest { Interest(rawValue: 0) }
    @inlinable package static var read: Interest { Interest(rawValue: 1) }
    @inlinable package static var write: Interest { Interest(rawValue: 2) }
    /// The end of the peer's stream (EPOLLRDHUP), also while not reading: how a client that leaves is noticed in
    /// spite of back-pressure. Level-triggered, so whoever has heard of it and goes on must drop it.
    @inlinable package static var hangup: Interest { Interest(rawValue: 4) }
    /// Both: a literal of two would be an array on the heap, for each request.
    @inlinable package static var readAndHangup: Interest { Interest(rawValue: 5) }
}

/// What happened to a descriptor.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt8

    // Plain functions instead of OptionSet's generic ones: these run for each event, across modules.
    @inlinable @inline(__always) package init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable @inline(__always) package init(arrayLiteral elements: Readiness...) {
        var bits: UInt8 = 0
        for element in elements { bits |= element.rawValue }
        self.init(rawValue: bits)
    }
    @inlinable package func contains(_ other: Readiness) -> Bool { rawValue & other.rawValue == other.rawValue }
    @inlinable package func isDisjoint(with other: Readiness) -> Bool { rawValue & other.rawValue == 0 }
    @inlinable package func union(_ other: Readiness) -> Readiness { Readiness(rawValue: rawValue | other.rawValue) }

    @inlinable package static var readable: Readiness { Readiness(rawValue: 1) }
    @inlinable package static var writable: Readiness { Readiness(rawValue: 2) }
    /// The peer has sent FIN (EPOLLRDHUP).
    @inlinable package static var peerClosed: Readiness { Readiness(rawValue: 4) }
    /// Reset, or both sides are closed (EPOLLERR, EPOLLHUP).
    @inlinable package static var failed: Readiness { Readiness(rawValue: 8) }
    /// Whatever makes reading worthwhile: bytes, an end, or a failure.
    @inlinable package static var tellsOfReading: Readiness { Readiness(rawValue: 13) }
}

package struct ReadyEvent {
    package var tag: UInt64
    package var readiness: Readiness

    package init(tag: UInt64, readiness: Readiness) {
        self.tag = tag
        self.readiness = readiness
    }
}
