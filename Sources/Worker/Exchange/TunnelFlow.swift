// SPDX-License-Identifier: Apache-2.0

import Shared

/// One way of a tunnel: bytes from one socket to the other, as fast as that takes them. At most one buffer waits here, the
/// rest with the sender; and none while nothing flows.
final class TunnelFlow {
    /// What came of relaying.
    enum Outcome: Equatable {
        /// Nothing more can be done before one of the sockets tells.
        case waiting
        /// There may be more, but others come first.
        case yielded
        /// The sender has ended its stream, all of it was delivered, and so was the end.
        case finished
        case sourceLost
        case sinkLost
        case noBuffer
    }

    private let source: StreamSocket
    private let sink: StreamSocket
    private let buffer: Buffer
    /// Bytes taken in.
    private(set) var bytes: UInt64 = 0
    /// The sender has ended its stream.
    private(set) var hasEnded = false
    /// The last bytes came in such numbers that the next may as well.
    private var isBulky = false

    /// A read of so many bytes or more is probably not the last.
    private static let bulk = BufferPool.Size.small.rawValue
    /// What waits here at most.
    private static let most = 4 * TLSSession.recordSize

    init(from source: StreamSocket, to sink: StreamSocket, pool: BufferPool) {
        self.source = source
        self.sink = sink
        buffer = Buffer(pool: pool)
    }

    /// Takes over what waits already: `ready` belongs to the HTTP message before the tunnel and `early` is the tunnel's
    /// own. False: there is no room for both.
    func begin(ready: Buffer, early: Buffer) -> Bool {
        bytes += UInt64(early.count)
        if ready.isEmpty {
            buffer.swapContents(with: early)
        } else {
            buffer.swapContents(with: ready)
            guard early.isEmpty || buffer.reserve(early.count) else { return false }
            if !DeliberateFault.isOn(.earlyTunnelBytesLost) { buffer.take(early.count, from: early) }
        }
        ready.discardAll()
        early.discardAll()
        return true
    }

    /// Relays until nothing more can be done, or it is others' turn.
    ///
    /// - Parameters:
    ///   - isSilent: the source's socket tells nothing any more, so it is read to its end.
    ///   - progressed: called when bytes have gone on.
    func relay(isSilent: Bool, reads: Int, progressed: () -> Void) -> Outcome {
        var mayHaveMore = true
        for _ in 0..<reads {
            while !buffer.isEmpty {
                switch sink.send(from: buffer) {
                case .moved: progressed()
                case .blocked: return .waiting
                case .endOfStream, .lost, .noBuffer: return .sinkLost
                }
            }
            if hasEnded {
                buffer.giveBackIfEmpty()
                return DeliberateFault.isOn(.tunnelEndNotTold) || sink.endStream() ? .finished : .waiting
            }
            guard mayHaveMore else {
                buffer.giveBackIfEmpty()
                return .waiting
            }
            // What flows in bulk will come in bulk again, and several records that go on at once wake their receiver once.
            let wanted = isBulky ? BufferPool.Size.large : .small
            guard buffer.reserve(wanted.rawValue) || buffer.reserve(1) else { return .noBuffer }
            repeat {
                switch source.receive(into: buffer, atMost: Self.most) {
                case .moved(let count):
                    bytes += UInt64(count)
                    isBulky = count >= Self.bulk
                    mayHaveMore = isBulky || isSilent || source.hasPending
                case .blocked: mayHaveMore = false
                case .endOfStream: hasEnded = true
                case .lost:
                    buffer.discardAll()
                    return .sourceLost
                case .noBuffer: return .noBuffer
                }
            } while mayHaveMore && !hasEnded && isBulky && buffer.room >= TLSSession.recordSize
        }
        return .yielded
    }

    /// Nobody takes these bytes any more.
    func discard() { buffer.discardAll() }

    /// Bytes wait for the receiver, or the end does.
    var isBlocked: Bool { !buffer.isEmpty || hasEnded }

    /// More of the sender's can be taken in.
    var wantsMore: Bool { buffer.isEmpty && !hasEnded }
}
