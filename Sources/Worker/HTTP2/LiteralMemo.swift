// SPDX-License-Identifier: Apache-2.0

import CNghttp2
import Shared

/// The long Huffman-coded value that a client's header blocks repeat, and what it stands for: the token of clients that
/// keep it out of HPACK's tables. To decode it each time was a fifth of all that a request over HTTP/2 costs.
///
/// It decides nothing and changes no meaning: nghttp2 is given the same value uncoded, and judges it as before. What the
/// code stands for nghttp2 has said, too, when the value came for the second time. It is kept as long as the connection.
final class LiteralMemo {
    private var coded: [UInt8] = []
    private var plain: [UInt8] = []
    /// What stands before `plain`.
    private var length: [UInt8] = []
    /// How often it did not have to be decoded.
    private(set) var timesKnown = 0

    /// A shorter value is decoded sooner than it is compared, and a longer one is not worth its memory.
    private static let lengths = 128...4_096

    /// Gives `engine` the bytes that a client has sent, with the value that repeats uncoded; nil: and could go on.
    ///
    /// - Parameter walk: how far the frames before these bytes go.
    func feed(_ bytes: ByteView, after walk: HTTP2FrameWalk, to engine: HTTP2Engine) -> HTTP2Engine.Failure? {
        var walk = walk
        var position = 0
        var given = 0
        while let frame = walk.next(bytes, at: &position) {
            let start = position - HTTP2FrameWalk.headerLength
            guard start >= given, let literal = Self.literal(of: frame, in: bytes, at: position),
                knows(bytes[literal.value])
            else { continue }
            let size = frame.length - (literal.value.upperBound - literal.lengthOffset) + length.count + plain.count
            guard size <= HTTP2Limits.frameSize else { continue }
            var head: [UInt8] = []
            head.reserveCapacity(literal.lengthOffset - start + length.count)
            for shift in [16, 8, 0] { head.append(UInt8(truncatingIfNeeded: size >> shift)) }
            bytes[ByteRange(from: start + head.count, to: literal.lengthOffset)].append(to: &head)
            head += length
            let failure =
                engine.receive(bytes[ByteRange(from: given, to: start)]) ?? ByteView.of(head) { engine.receive($0) }
                ?? ByteView.of(plain) { engine.receive($0) }
            if let failure { return failure }
            timesKnown += 1
            given = literal.value.upperBound
        }
        return engine.receive(bytes.suffix(from: given))
    }

    /// In a header block that is there as a whole, in one frame (RFC 9113 section 6.2).
    private static func literal(of frame: HTTP2FrameHeader, in bytes: ByteView, at position: Int) -> HPACKLiteral? {
        guard frame.type == .headers, frame.endsHeaders, frame.length > lengths.lowerBound,
            frame.length <= bytes.count - position
        else { return nil }
        let padding = frame.isPadded ? Int(bytes[position]) : 0
        let start = position + (frame.isPadded ? 1 : 0) + (frame.hasPriority ? 5 : 0)
        let end = position + frame.length - padding
        guard start < end else { return nil }
        let found = HPACKLiteral.first(in: bytes, ByteRange(from: start, to: end), atLeast: lengths.lowerBound)
        return found.flatMap { $0.value.count <= lengths.upperBound ? $0 : nil }
    }

    /// Whether it is known what this value stands for. It is looked into when it comes for the second time.
    private func knows(_ value: ByteView) -> Bool {
        guard value.span({ isLast($0) }) else {
            coded.removeAll()
            value.append(to: &coded)
            plain = []
            return false
        }
        if !plain.isEmpty { return true }
        plain = HTTP2Engine.decoded(value)
        length = HPACKLiteral.plainLength(plain.count)
        return !plain.isEmpty
    }

    /// In a time that depends on the length alone: a connection may carry the requests of several users.
    private func isLast(_ value: Span<UInt8>) -> Bool {
        let last = coded
        return TokenDigester.areEqual(value, last.span)
    }
}

extension HTTP2Engine {
    /// What a Huffman-coded string (RFC 7541 section 5.2) stands for; empty: for nothing.
    fileprivate static func decoded(_ value: ByteView) -> [UInt8] {
        var made: OpaquePointer?
        guard unsafe nghttp2_hd_inflate_new(&made) == 0 else { return [] }
        defer { unsafe nghttp2_hd_inflate_del(made) }
        // A field that no table has, of the shortest name.
        var block: [UInt8] = [0x10, 1, UInt8(ascii: "v")]
        var length = HPACKLiteral.plainLength(value.count)
        length[0] |= 0x80
        block += length
        value.append(to: &block)
        var field = unsafe nghttp2_nv()
        var flags: Int32 = 0
        let taken = unsafe nghttp2_hd_inflate_hd2(made, &field, &flags, block, block.count, 1)
        guard taken == block.count, UInt32(flags) & NGHTTP2_HD_INFLATE_EMIT.rawValue != 0 else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: field.value, count: field.valuelen))
    }
}
