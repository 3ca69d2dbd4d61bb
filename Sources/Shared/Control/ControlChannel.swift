// SPDX-License-Identifier: Apache-2.0

/// What came over a control channel. Whoever handles it becomes the descriptor's owner.
package enum Reception<Message: ControlMessage>: ~Copyable {
    case message(Message)
    case messageWithDescriptor(Message, FileDescriptor)
    /// The message's descriptor could not be taken in: this process is at its descriptor limit.
    case descriptorLost(Message)
    /// The peer broke the protocol.
    case violation(RecordError)
    /// The peer is gone.
    case endOfFile
}

/// The receiving end of a control channel's messages.
package protocol ControlChannelOwner: AnyObject {
    associatedtype Incoming: ControlMessage
    /// `channel` is the number that the owner gave its channel.
    func received(_ reception: consuming Reception<Incoming>, on channel: UInt32)
    /// Messages that did not fit can be sent again.
    func channelWritable(_ channel: UInt32)
}

/// One end of a SOCK_SEQPACKET pair on the loop: one record is one message, with at most one descriptor.
///
/// Messages without a descriptor that do not fit the socket's buffer are queued (bounded); one with a descriptor is
/// refused instead, because its owner has something better to do with it than to wait.
package final class ControlChannel<Owner: ControlChannelOwner, Outgoing: ControlMessage>: EventHandler {
    private let reactor: Reactor
    private let socket: Int32
    private unowned let owner: Owner
    private let number: UInt32
    private var registration = Reactor.Registration.none
    private var queue: [[UInt8]] = []
    private var writer = RecordWriter()
    private var buffer = [UInt8](repeating: 0, count: ControlProtocol.maxRecord)
    /// Records waiting for room at most; a peer that takes none of so many is wedged.
    package static var maxQueued: Int { 1_024 }

    package enum SendResult: Equatable, Sendable {
        case sent
        /// No room: for a message with a descriptor, nothing was sent; otherwise the queue is full.
        case full
        case closed
    }

    package init(
        reactor: Reactor, socket: consuming FileDescriptor, owner: Owner, number: UInt32 = 0
    ) throws(Errno) {
        self.reactor = reactor
        self.owner = owner
        self.number = number
        self.socket = socket.release()
        registration = try reactor.register(self.socket, .read, handler: self)
    }

    deinit { reactor.kernel.close(socket, reset: false) }

    /// Our end; it stays the channel's.
    package var raw: Int32 { socket }

    /// Records that wait for room, for whoever carries the channel on.
    package var waiting: [[UInt8]] { queue }

    /// Puts back what had waited when somebody else had the channel.
    package func restore(waiting records: [[UInt8]]) {
        guard !records.isEmpty, registration != .none else { return }
        queue = records
        reactor.setInterest(registration, [.read, .write])
    }

    /// Stops listening. The socket closes with the last reference.
    package func close() {
        reactor.remove(&registration)
        queue.removeAll()
    }

    package func send(_ message: Outgoing, passing descriptor: Int32? = nil) -> SendResult {
        precondition(message.carriesDescriptor == (descriptor != nil))
        guard registration != .none else { return .closed }
        writer.reset()
        message.encode(into: &writer)
        if !queue.isEmpty {
            return descriptor == nil ? enqueue(writer.bytes) : .full
        }
        switch transmit(writer.bytes, passing: descriptor) {
        case .sent: return .sent
        case .closed: return .closed
        case .full: return descriptor == nil ? enqueue(writer.bytes) : waitForRoom()
        }
    }

    private func waitForRoom() -> SendResult {
        reactor.setInterest(registration, [.read, .write])
        return .full
    }

    private func enqueue(_ record: [UInt8]) -> SendResult {
        guard queue.count < Self.maxQueued else { return .full }
        queue.append(record)
        reactor.setInterest(registration, [.read, .write])
        return .sent
    }

    private func transmit(_ record: [UInt8], passing descriptor: Int32?) -> SendResult {
        let result = unsafe record.withUnsafeBytes { bytes in
            unsafe reactor.kernel.sendRecord(socket, bytes: bytes, passing: descriptor)
        }
        if result >= 0 { return .sent }
        let error = Errno(Int32(truncatingIfNeeded: -result))
        return error == .again || error == .outOfBuffers || error == .tooManyReferences ? .full : .closed
    }

    package func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        if readiness.contains(.writable) { flush() }
        if !readiness.isDisjoint(with: .tellsOfReading) { receive() }
    }

    private func flush() {
        var sent = 0
        while sent < queue.count, transmit(queue[sent], passing: nil) == .sent { sent += 1 }
        queue.removeFirst(sent)
        if queue.isEmpty {
            reactor.setInterest(registration, .read)
            owner.channelWritable(number)
        }
    }

    private func receive() {
        // Bounded, so that one loud peer cannot keep the loop from the others.
        for _ in 0..<128 {
            guard registration != .none else { return }
            let record = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe reactor.kernel.receiveRecord(socket, into: bytes)
            }
            if record.count < 0 {
                let error = Errno(Int32(truncatingIfNeeded: -record.count))
                if error == .again || error == .interrupted { return }
                owner.received(.endOfFile, on: number)
                return
            }
            if record.count == 0 {
                if let stray = record.descriptor { _ = FileDescriptor(owning: stray) }
                owner.received(.endOfFile, on: number)
                return
            }
            deliver(record)
        }
    }

    private func deliver(_ record: ReceivedRecord) {
        let descriptor: FileDescriptor? = record.descriptor.map { FileDescriptor(owning: $0) }
        if record.truncated {
            owner.received(.violation(.truncated), on: number)
            return
        }
        do throws(RecordError) {
            var reader = RecordReader(buffer[0..<record.count])
            let message = try Owner.Incoming(from: &reader)
            if let descriptor {
                guard message.carriesDescriptor else { throw .unexpectedDescriptor }
                owner.received(.messageWithDescriptor(message, descriptor), on: number)
            } else if message.carriesDescriptor {
                guard record.descriptorLost else { throw .missingDescriptor }
                owner.received(.descriptorLost(message), on: number)
            } else {
                owner.received(.message(message), on: number)
            }
        } catch {
            owner.received(.violation(error), on: number)
        }
    }
}
