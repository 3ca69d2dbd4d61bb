// SPDX-License-Identifier: Apache-2.0

import Glibc
import Shared
import Testing

@testable import Worker

@Suite("One way of a tunnel")
struct TunnelFlowTests {
    /// A flow between two real sockets, and their far ends.
    private final class Pipe: EventHandler {
        let pool = BufferPool(limit: 1 << 20)
        let sender: Int32
        let receiver: Int32
        private let reactor: Reactor
        private var ends: (source: StreamSocket, sink: StreamSocket)?
        private(set) var flow: TunnelFlow!
        private(set) var progressed = 0

        init() throws {
            reactor = try Reactor(kernel: LinuxKernel())
            let left = try Self.pair()
            let right = try Self.pair()
            sender = left.0
            receiver = right.1
            let source = try StreamSocket(reactor: reactor, owning: left.1, interest: [], handler: self)
            let sink = try StreamSocket(reactor: reactor, owning: right.0, interest: [], handler: self)
            ends = (source, sink)
            flow = TunnelFlow(from: source, to: sink, pool: pool)
        }

        private static func pair() throws -> (Int32, Int32) {
            var pair: [Int32] = [-1, -1]
            let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            try #require(unsafe socketpair(AF_UNIX, type, 0, &pair) == 0)
            return (pair[0], pair[1])
        }

        func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {}

        func relay(isSilent: Bool = false, reads: Int = 16) -> TunnelFlow.Outcome {
            flow.relay(isSilent: isSilent, reads: reads) { progressed += 1 }
        }

        func send(_ bytes: [UInt8]) -> Int {
            unsafe bytes.withUnsafeBytes { unsafe write(sender, $0.baseAddress, $0.count) }
        }

        /// What waits at the receiver; nil: the end.
        func receive() -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(receiver, $0.baseAddress, $0.count) }
            return count == 0 ? nil : Array(bytes.prefix(max(0, count)))
        }

        /// The sockets must be closed before they go.
        func close() {
            flow.discard()
            ends?.source.close(reset: false)
            ends?.sink.close(reset: false)
            _ = Glibc.close(sender)
            _ = Glibc.close(receiver)
        }
    }

    private func withPipe(_ body: (Pipe) throws -> Void) throws {
        let pipe = try Pipe()
        defer { pipe.close() }
        try body(pipe)
    }

    @Test("Bytes pass, and while there are none no buffer is held")
    func passes() throws {
        try withPipe { pipe in
            #expect(pipe.relay() == .waiting)
            #expect(pipe.pool.leased == 0)
            for count in [1, 4_095, 4_096, 20_000, 3] {
                let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
                #expect(pipe.send(bytes) == count)
                #expect(pipe.relay() == .waiting)
                #expect(pipe.receive() == bytes)
                #expect(pipe.pool.leased == 0)
            }
            #expect(pipe.flow.bytes == 28_195)
            #expect(pipe.progressed >= 5)
            #expect(pipe.flow.wantsMore && !pipe.flow.isBlocked)
        }
    }

    @Test("A receiver that takes nothing holds the sender up, with one buffer at most")
    func backPressure() throws {
        try withPipe { pipe in
            let piece = [UInt8](repeating: 7, count: 65_536)
            var sent = 0
            var stuck = 0
            while stuck < 3 {
                let count = pipe.send(piece)
                sent += max(0, count)
                stuck = count <= 0 ? stuck + 1 : 0
                _ = pipe.relay()
            }
            #expect(pipe.flow.isBlocked && !pipe.flow.wantsMore)
            #expect(pipe.pool.leased <= BufferPool.Size.large.rawValue)
            var received = 0
            while received < sent {
                received += try #require(pipe.receive()).count
                _ = pipe.relay()
            }
            #expect(received == sent)
            #expect(pipe.relay() == .waiting)
            #expect(pipe.pool.leased == 0)
        }
    }

    @Test("One loud sender yields to others")
    func yields() throws {
        try withPipe { pipe in
            #expect(pipe.send([UInt8](repeating: 7, count: 60_000)) == 60_000)
            #expect(pipe.relay(reads: 2) == .yielded)
            #expect(pipe.relay() == .waiting)
            #expect(pipe.receive()?.count == 60_000)
        }
    }

    @Test("The sender's end comes behind what it sent, and only once that is delivered")
    func end() throws {
        try withPipe { pipe in
            let piece = [UInt8](repeating: 7, count: 65_536)
            var sent = 0
            while pipe.relay() == .waiting, !pipe.flow.isBlocked { sent += max(0, pipe.send(piece)) }
            shutdown(pipe.sender, Int32(SHUT_WR))
            #expect(pipe.relay() == .waiting)
            var received = 0
            var outcome = TunnelFlow.Outcome.waiting
            while outcome != .finished {
                received += try #require(pipe.receive()).count
                outcome = pipe.relay(isSilent: true)
                try #require(outcome == .waiting || outcome == .yielded || outcome == .finished)
            }
            while let rest = pipe.receive(), !rest.isEmpty { received += rest.count }
            #expect(received == sent)
            #expect(pipe.receive() == nil)
            #expect(pipe.flow.hasEnded && pipe.pool.leased == 0)
        }
    }

    @Test("A receiver that is gone is told apart from a sender that is")
    func losses() throws {
        try withPipe { pipe in
            shutdown(pipe.receiver, Int32(SHUT_RDWR))
            #expect(pipe.send([1]) == 1)
            #expect(pipe.relay() == .sinkLost)
        }
    }

    @Test("What waited before the tunnel goes first, and does not count")
    func early() throws {
        try withPipe { pipe in
            let head = Buffer(pool: pipe.pool)
            #expect(head.reserve(3) == true)
            head.append([1, 2, 3])
            let early = Buffer(pool: pipe.pool)
            #expect(early.reserve(2) == true)
            early.append([4, 5])
            #expect(pipe.flow.begin(ready: head, early: early) == true)
            #expect(pipe.relay() == .waiting)
            #expect(pipe.receive() == [1, 2, 3, 4, 5])
            #expect(pipe.flow.bytes == 2)
            #expect(pipe.pool.leased == 0)
        }
    }
}
