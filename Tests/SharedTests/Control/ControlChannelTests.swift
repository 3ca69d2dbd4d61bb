// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Testing

@testable import Shared

/// One end of a channel that writes down what comes.
final class ChannelEnd<Incoming: ControlMessage, Outgoing: ControlMessage>: ControlChannelOwner {
    enum Event: Equatable {
        case message(Incoming)
        case withDescriptor(Incoming)
        case descriptorLost(Incoming)
        case violation(RecordError)
        case endOfFile
        case writable
    }

    var events: [Event] = []
    var descriptors: [Int32] = []
    private(set) var channel: ControlChannel<ChannelEnd, Outgoing>?

    init(reactor: Reactor, owning socket: Int32) throws {
        channel = try ControlChannel(reactor: reactor, socket: FileDescriptor(owning: socket), owner: self, number: 7)
    }

    func received(_ reception: consuming Reception<Incoming>, on channel: UInt32) {
        #expect(channel == 7)
        switch consume reception {
        case .message(let message): events.append(.message(message))
        case .messageWithDescriptor(let message, let descriptor):
            events.append(.withDescriptor(message))
            descriptors.append(descriptor.release())
        case .descriptorLost(let message): events.append(.descriptorLost(message))
        case .violation(let error): events.append(.violation(error))
        case .endOfFile:
            events.append(.endOfFile)
            close()
        }
    }

    func channelWritable(_ channel: UInt32) { events.append(.writable) }

    func send(_ message: Outgoing, passing descriptor: Int32? = nil) -> ControlChannel<ChannelEnd, Outgoing>.SendResult?
    {
        channel?.send(message, passing: descriptor)
    }

    func close() { channel?.close() }
    /// Closes the socket too.
    func drop() {
        close()
        channel = nil
    }
}

@Suite("Control channel")
struct ControlChannelTests {
    typealias Supervisor = ChannelEnd<ToSupervisor, ToWorker>
    typealias Worker = ChannelEnd<ToWorker, ToSupervisor>

    let reactor: Reactor
    let supervisor: Supervisor
    /// The worker's end of the pair, by number: a test wraps it or plays a peer that breaks the rules.
    let peer: Int32

    init() throws {
        let (left, right) = try Sockets.recordPair()
        // The kernel's smallest, so that it is soon full.
        try #require(lg_set_option(left, SOL_SOCKET, SO_SNDBUF, 1) == 0)
        reactor = Reactor(kernel: try LinuxKernel())
        supervisor = try Supervisor(reactor: reactor, owning: left)
        peer = right
    }

    private func turns(_ count: Int = 4) {
        for _ in 0..<count { reactor.turn(maxWait: .zero) }
    }

    @Test func messagesGoBothWaysInOrder() throws {
        let worker = try Worker(reactor: reactor, owning: peer)
        defer { for end in [worker.drop, supervisor.drop] { end() } }
        #expect(worker.send(.hello(version: 1)) == .sent)
        #expect(worker.send(.ready) == .sent)
        #expect(supervisor.send(.cancel(exchange: 4)) == .sent)
        turns()
        #expect(supervisor.events == [.message(.hello(version: 1)), .message(.ready)])
        #expect(worker.events == [.message(.cancel(exchange: 4))])
    }

    @Test func aPassedDescriptorWorksAndTheSenderMayCloseItsOwn() throws {
        let worker = try Worker(reactor: reactor, owning: peer)
        defer { for end in [worker.drop, supervisor.drop] { end() } }
        let (mine, theirs) = try Sockets.streamPair()
        defer { close(mine) }
        let message = ToWorker.connection(id: 5, listener: 1, peer: .unix)
        #expect(supervisor.send(message, passing: theirs) == .sent)
        close(theirs)
        turns()
        #expect(worker.events == [.withDescriptor(message)])
        let passed = try #require(worker.descriptors.first)
        #expect(fcntl(passed, F_GETFD) == FD_CLOEXEC)
        #expect(Sockets.write(passed, "hello") == 5)
        #expect(Sockets.read(mine) == Array("hello".utf8))
        close(passed)
        #expect(Sockets.readToEnd(mine)?.isEmpty == true)
    }

    @Test func whatDoesNotFitIsQueuedUpToABoundAndArrivesInOrder() throws {
        let worker = try Worker(reactor: reactor, owning: peer)
        defer { for end in [worker.drop, supervisor.drop] { end() } }
        let (mine, theirs) = try Sockets.streamPair()
        defer { for fd in [mine, theirs] { close(fd) } }
        var sent: UInt64 = 0
        while supervisor.send(.cancel(exchange: sent)) == .sent, sent < 100_000 { sent += 1 }
        #expect(sent > 1_024 && sent < 100_000, "the socket's buffer and then 1,024 more")
        #expect(supervisor.send(.connection(id: 1, listener: 0, peer: .unix), passing: theirs) == .full)
        for _ in 0..<1_000 where !supervisor.events.contains(.writable) { turns(1) }
        turns()
        #expect(worker.events == (0..<sent).map { .message(.cancel(exchange: $0)) })
        #expect(supervisor.events == [.writable])
        #expect(supervisor.send(.connection(id: 1, listener: 0, peer: .unix), passing: theirs) == .sent)
        turns()
        #expect(worker.events.last == .withDescriptor(.connection(id: 1, listener: 0, peer: .unix)))
        for fd in worker.descriptors { close(fd) }
    }

    @Test func aDescriptorIsRefusedWhenFullAndTheOwnerHearsOfRoom() throws {
        let (mine, theirs) = try Sockets.streamPair()
        defer { close(mine) }
        let message = ToWorker.connection(id: 1, listener: 0, peer: .unix)
        var sent = 0
        while supervisor.send(message, passing: theirs) == .sent, sent < 10_000 { sent += 1 }
        #expect(sent > 0 && sent < 10_000)
        turns()
        #expect(supervisor.events.isEmpty, "there is no room yet, and the loop does not spin on it")
        let worker = try Worker(reactor: reactor, owning: peer)
        defer { for end in [worker.drop, supervisor.drop] { end() } }
        turns()
        #expect(worker.events.count == sent, "the refused one was not sent in part")
        #expect(supervisor.events == [.writable])
        for fd in worker.descriptors + [theirs] { close(fd) }
        #expect(Sockets.readToEnd(mine)?.isEmpty == true)
    }

    @Test func endOfFileAndClosed() throws {
        let worker = try Worker(reactor: reactor, owning: peer)
        #expect(worker.send(.drained) == .sent)
        worker.drop()
        // What the peer said before it went is heard first.
        turns()
        #expect(supervisor.events == [.message(.drained), .endOfFile])
        #expect(supervisor.send(.stop) == .closed)
        supervisor.drop()

        let (left, right) = try Sockets.recordPair()
        let lonely = try Supervisor(reactor: reactor, owning: left)
        close(right)
        #expect(lonely.send(.stop) == .closed, "EPIPE, without a signal")
        lonely.drop()
    }

    @Test(
        arguments: [
            ([3, 0], RecordError.tooShort), ([99, 0], .unknownKind(99)), ([2, 0, 0], .trailingBytes),
            ([UInt8](repeating: 2, count: 1_025), .truncated), ([6, 0, 1, 0, 0, 0, 0, 0, 0, 0], .missingDescriptor),
        ] as [([UInt8], RecordError)])
    func badRecordsAreViolations(bytes: [UInt8], error: RecordError) throws {
        defer { close(peer) }
        #expect(Sockets.sendRecord(peer, bytes) == bytes.count)
        turns()
        #expect(supervisor.events == [.violation(error)])
        supervisor.drop()
    }

    @Test(
        arguments: [
            ([2, 0], RecordError.unexpectedDescriptor), ([99, 0], .unknownKind(99)),
            ([UInt8](repeating: 2, count: 1_025), .truncated),
        ] as [([UInt8], RecordError)])
    func aDescriptorThatCameWithABadRecordIsClosed(bytes: [UInt8], error: RecordError) throws {
        defer { close(peer) }
        let (mine, theirs) = try Sockets.streamPair()
        defer { close(mine) }
        #expect(Sockets.sendRecord(peer, bytes, passing: theirs) == bytes.count)
        close(theirs)
        turns()
        #expect(supervisor.events == [.violation(error)])
        #expect(Sockets.readToEnd(mine)?.isEmpty == true)
        supervisor.drop()
    }

    /// In a process of its own, whose descriptor limit nobody else minds.
    @Test func aDescriptorLostAtTheLimitIsToldAndTheChannelLivesOn() async {
        await #expect(processExitsWith: .success) {
            let test = try ControlChannelTests()
            let worker = try Worker(reactor: test.reactor, owning: test.peer)
            let (mine, theirs) = try Sockets.streamPair()
            let message = ToWorker.connection(id: 1, listener: 0, peer: .unix)
            #expect(test.supervisor.send(message, passing: theirs) == .sent)
            try Limits.withoutFreeDescriptors {
                test.turns()
            }
            #expect(worker.events == [.descriptorLost(message)])
            #expect(test.supervisor.send(message, passing: theirs) == .sent)
            test.turns()
            #expect(worker.events.last == .withDescriptor(message))
            #expect(Sockets.write(mine, "x") == 1)
            #expect(Sockets.read(try #require(worker.descriptors.first)) == [0x78])
        }
    }
}
