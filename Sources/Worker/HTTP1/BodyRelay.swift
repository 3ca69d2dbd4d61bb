// SPDX-License-Identifier: Apache-2.0

import Shared

/// Moves one body from the buffer that it is received in to the buffer that it is sent from: takes one framing off and
/// puts the other on. As much as fits, never more; so back-pressure goes from the one socket to the other.
struct BodyRelay {
    private var reader: BodyReader
    private let framing: MessageFraming
    /// Body bytes moved so far.
    private(set) var moved: UInt64 = 0
    private(set) var isEnded = false
    /// The trailers of a body that is sent on without framing: lines with their CRLF, for whoever has a place for them.
    private(set) var trailers: [UInt8] = []
    /// Where it may be ended early; nil: nowhere.
    private var boundary: BodyBoundary?
    /// It is to end behind the item that is under way.
    private(set) var endsEarly = false

    enum Progress: Equatable {
        /// Everything received was moved; the body goes on.
        case starved
        /// There is more, but no room for it now.
        case blocked
        /// The body and its end were moved.
        case ended
        case refused(HTTPFault)
        /// The buffer pool is at its limit.
        case noBuffer
    }

    /// What a chunk, and the end of the body without trailers, take beside the data.
    private static let chunkedOverhead = ChunkWriter.overhead + 5
    /// So many bytes are not copied, where no framing changes: the two buffers change hands.
    private static let wholesale = 2_048

    /// - Parameters:
    ///   - framing: as the body is received.
    ///   - target: as it is sent on.
    ///   - boundary: where it may be ended early; nil: nowhere.
    init(from framing: MessageFraming, to target: MessageFraming, boundary: BodyBoundary? = nil) {
        reader = BodyReader(framing)
        self.framing = target
        // A length that was announced must be kept.
        if case .length = target { self.boundary = nil } else { self.boundary = boundary }
    }

    /// A large chunk may wait for its receiver only where that is expected, and if there is much in it.
    private static func passes(_ source: Buffer, inBulk: Bool) -> Bool {
        let medium = BufferPool.Size.medium.rawValue
        return source.capacity <= medium || inBulk && source.count > medium
    }

    /// - Parameter inBulk: more than one record's worth may wait in `target`.
    mutating func move(from source: Buffer, to target: Buffer, inBulk: Bool = false) -> Progress {
        if isEnded { return .ended }
        // A length that is through has its end without a further byte.
        if source.isEmpty {
            guard case .end = reader.finish(), !isUntilClose else { return .starved }
        }
        if source.count >= Self.wholesale, Self.passes(source, inBulk: inBulk), target.isEmpty,
            framing != .chunked, boundary == nil, reader.takeWhole(source.count)
        {
            moved &+= UInt64(source.count)
            source.swapContents(with: target)
            guard case .end = reader.finish(), !isUntilClose else { return .starved }
            isEnded = true
            return .ended
        }
        let overhead = framing == .chunked ? Self.chunkedOverhead : 0
        let wanted = min(source.count + overhead, BufferPool.Size.medium.rawValue - target.count)
        guard wanted > overhead || source.isEmpty else { return .blocked }
        guard wanted == 0 || target.reserve(wanted) else { return .noBuffer }
        let limit = min(source.count, target.room - overhead)
        var position = 0
        var outcome = Progress.starved
        _ = target.write { writer in
            outcome = source.view { bytes in
                copy(bytes.prefix(limit), at: &position, into: &writer)
            }
            return true
        }
        source.consume(position)
        if outcome == .starved, !source.isEmpty, limit < source.count + position { return .blocked }
        return outcome
    }

    /// The source's stream has ended behind what was moved: whether the body ended with it.
    ///
    /// - Parameter trailers: that came with the end, checked, each a line with its CRLF; they go where chunks do, or are
    ///   kept for whoever has a place for them.
    mutating func sourceEnded(to target: Buffer, trailers: [UInt8] = []) -> Progress {
        if isEnded { return .ended }
        switch reader.finish() {
        case .end:
            guard framing == .chunked else {
                if framing == .untilClose { self.trailers = trailers }
                isEnded = true
                return .ended
            }
            guard target.reserve(Self.chunkedOverhead + trailers.count) else { return .noBuffer }
            let written = ByteView.of(trailers) { lines in
                target.write { writer in
                    ChunkWriter.writeEnd(trailers: lines, into: &writer)
                    return true
                }
            }
            guard written else { return .blocked }
            isEnded = true
            return .ended
        case .refused where DeliberateFault.isOn(.truncationIsEnd):
            // Ends it with all that a whole body ends with.
            reader = .length(0)
            return sourceEnded(to: target)
        case .refused(let fault): return .refused(fault)
        case .data, .needMore: return .refused(.truncatedBody)
        }
    }

    /// Ends the body behind the item that is under way, whatever its source still has: `ended` if that is at once,
    /// `starved` if `move` will come to it.
    mutating func endEarly(to target: Buffer) -> Progress {
        guard let boundary, !isEnded else { return .starved }
        endsEarly = true
        guard boundary.isHere else { return .starved }
        if framing == .chunked {
            guard target.reserve(Self.chunkedOverhead) else { return .noBuffer }
            _ = target.write { writer in
                ChunkWriter.writeEnd(trailers: .empty, into: &writer)
                return true
            }
        }
        isEnded = true
        return .ended
    }

    private var isUntilClose: Bool { reader == .untilClose }

    /// Copies the runs of one stretch of bytes, as one chunk if chunks are wanted.
    private mutating func copy(_ bytes: ByteView, at position: inout Int, into writer: inout ByteWriter) -> Progress {
        let gap = framing == .chunked ? writer.reserve(ChunkWriter.headLength) : nil
        let start = writer.position
        while true {
            let step = reader.next(bytes, at: &position)
            switch step {
            case .data(let range) where endsEarly:
                let run = bytes[range]
                let end = boundary?.passToFirst(run)
                writer.append(run.prefix(end ?? run.count))
                moved &+= UInt64(end ?? run.count)
                guard end != nil else { continue }
                close(gap, start, &writer)
                if framing == .chunked { ChunkWriter.writeEnd(trailers: .empty, into: &writer) }
                isEnded = true
                return .ended
            case .data(let range):
                boundary?.pass(bytes[range])
                let lost = DeliberateFault.isOn(.byteLost) && range.count > 900 ? 1 : 0
                writer.append(bytes[ByteRange(from: range.lowerBound, to: range.upperBound - lost)])
                moved &+= UInt64(range.count)
                continue
            case .needMore:
                close(gap, start, &writer)
                return .starved
            case .refused(let fault):
                close(gap, start, &writer)
                return .refused(fault)
            case .end(let trailers):
                close(gap, start, &writer)
                if framing == .chunked {
                    ChunkWriter.writeEnd(trailers: bytes[trailers], into: &writer)
                } else if framing == .untilClose {
                    bytes[trailers].append(to: &self.trailers)
                }
                isEnded = true
                return .ended
            }
        }
    }

    /// Completes the chunk whose head has its place at `gap`, or takes that back if there was no data.
    private func close(_ gap: Int?, _ start: Int, _ writer: inout ByteWriter) {
        guard let gap else { return }
        let size = writer.position - start
        guard size > 0 else {
            writer.truncate(to: gap)
            return
        }
        writer.rewrite(at: gap) { writer in ChunkWriter.writeHead(size: UInt32(size), into: &writer) }
        ChunkWriter.writeTail(into: &writer)
    }
}
