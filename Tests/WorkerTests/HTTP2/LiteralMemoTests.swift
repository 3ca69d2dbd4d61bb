// SPDX-License-Identifier: Apache-2.0

import Shared
import TestSupport
import Testing

@testable import Worker

/// Values that a connection repeats in Huffman code, which nghttp2 is given uncoded, and what it makes of them.
@Suite("Repeated literals")
struct LiteralMemoTests {
    /// The characters whose code (RFC 7541 appendix B) is their number in five bits: eight of them fill five bytes.
    private static let alphabet = Array("012aceiost")

    /// A token of so many characters, a multiple of eight, different for each `seed`.
    private static func token(_ count: Int, seed: Int) -> (plain: String, coded: [UInt8]) {
        let symbols = (0..<count).map { ($0 * 7 + $0 / 10 + seed) % alphabet.count }
        var coded: [UInt8] = []
        for start in stride(from: 0, to: count, by: 8) {
            let bits = symbols[start..<start + 8].reduce(UInt64(0)) { $0 << 5 | UInt64($1) }
            coded += [32, 24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bits >> $0) }
        }
        return (String(symbols.map { alphabet[$0] }), coded)
    }

    private static func integer(_ value: Int, prefix: Int, top: UInt8) -> [UInt8] {
        let most = (1 << prefix) - 1
        if value < most { return [top | UInt8(value)] }
        var bytes = [top | UInt8(most)]
        var rest = value - most
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// GET / of https://a with this value of `authorization` (entry 23 of the static table), and a field behind it.
    private static func block(_ value: [UInt8], first: UInt8 = 0x10, prefix: Int = 4, huffman: Bool = true) -> [UInt8] {
        [0x82, 0x84, 0x87, 0x41, 1, 0x61] + integer(23, prefix: prefix, top: first)
            + integer(value.count, prefix: 7, top: huffman ? 0x80 : 0) + value + [0x00, 1, 0x78, 1, 0x79]
    }

    private static func frames(_ blocks: [[UInt8]], flags: UInt8 = 5, padded: Bool = false) -> [UInt8] {
        blocks.enumerated().flatMap { index, block in
            HTTP2Client.frame(
                .headers, flags: padded ? flags | 0x28 : flags, stream: 2 * index + 1,
                payload: padded ? [3] + [0, 0, 0, 0, 9] + block + [0, 0, 0] : block)
        }
    }

    /// What nghttp2 tells, the bytes as they are and by the memo, cut into pieces of so many bytes.
    private static func told(_ frames: [UInt8], pieces: Int, by literals: LiteralMemo?) throws -> [UInt8] {
        let pool = BufferPool(limit: 4 << 20)
        let owner = FrameReader(pool: pool)
        let engine = try #require(
            HTTP2Engine(owner: owner, fields: HTTP2FieldList(capacity: 16), headLimit: HeadLimits().head))
        let bytes = FrameReader.preface + HTTP2Client.frame(.settings) + frames
        var walk = HTTP2FrameWalk()
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let failure = ByteView.of(Array(bytes[start..<min(start + pieces, bytes.count)])) { piece in
                defer {
                    var position = 0
                    while walk.next(piece, at: &position) != nil {}
                }
                return literals.map { $0.feed(piece, after: walk, to: engine) } ?? engine.receive(piece)
            }
            #expect(failure == nil)
        }
        withExtendedLifetime(owner) {}
        return owner.told
    }

    @Test("Whatever is sent, nghttp2 tells the same", arguments: [1, 7, 100, 500, 1_000, 100_000])
    func same(pieces: Int) throws {
        let first = Self.token(800, seed: 0)
        let second = Self.token(800, seed: 3)
        let long = Self.token(6_400, seed: 1)
        let tooLong = Self.token(16_000, seed: 1)
        let inputs: [[UInt8]] = [
            Self.frames(Array(repeating: Self.block(first.coded), count: 5)),
            Self.frames(
                [first, first, second, first, second, second, second, first, first].map { Self.block($0.coded) }),
            Self.frames(Array(repeating: Self.block(first.coded), count: 5), padded: true),
            Self.frames(Array(repeating: Self.block(long.coded), count: 4)),
            Self.frames(Array(repeating: Self.block(tooLong.coded), count: 4)),
            // Without a table as well, into the table, and not Huffman-coded at all.
            Self.frames(Array(repeating: Self.block(first.coded, first: 0x00), count: 4)),
            Self.frames(Array(repeating: Self.block(first.coded, first: 0x40, prefix: 6), count: 4)),
            Self.frames(Array(repeating: Self.block(Array(first.plain.utf8), huffman: false), count: 4)),
            // A value whose code ends in the middle of a character, and one that is none.
            Self.frames(Array(repeating: Self.block(first.coded.dropLast() + [0xff]), count: 4)),
            // Too short to be worth it.
            Self.frames(Array(repeating: Self.block(Self.token(40, seed: 0).coded), count: 4)),
        ]
        for (number, input) in inputs.enumerated() {
            let expected = try Self.told(input, pieces: 100_000, by: nil)
            #expect(try Self.told(input, pieces: pieces, by: LiteralMemo()) == expected, "input \(number)")
        }
    }

    /// Else the test above would compare the same with the same.
    @Test("From the second time on a value is given uncoded, where it came whole and in no table")
    func substitutes() throws {
        let token = Self.token(800, seed: 0)
        func times(_ frames: [UInt8], pieces: Int = 100_000) throws -> Int {
            let literals = LiteralMemo()
            _ = try Self.told(frames, pieces: pieces, by: literals)
            return literals.timesKnown
        }
        let blocks = Array(repeating: Self.block(token.coded), count: 5)
        #expect(try times(Self.frames(blocks)) == 4)
        #expect(try times(Self.frames(blocks, padded: true)) == 4)
        #expect(try times(Self.frames(blocks), pieces: 100) == 0)
        #expect(try times(Self.frames(blocks, flags: 1)) == 0)
        #expect(
            try times(Self.frames(Array(repeating: Self.block(token.coded, first: 0x40, prefix: 6), count: 5))) == 0)
        let block = Self.block(token.coded)
        let literal = try #require(
            ByteView.of(block) { HPACKLiteral.first(in: $0, ByteRange(from: 0, to: block.count), atLeast: 128) })
        #expect(Array(block[literal.value.lowerBound..<literal.value.upperBound]) == token.coded)
        #expect(block[literal.lengthOffset] == 0xff)
    }

    @Test("What is not well-formed, or in a table, is left alone")
    func leftAlone() {
        let coded = Self.token(800, seed: 0).coded
        let good = Self.block(coded)
        let blocks: [[UInt8]] = [
            [], [0x10], Self.block(coded, first: 0x40, prefix: 6), Self.block(coded, huffman: false),
            Array(good.prefix(200)), [0x0f, 0xff, 0xff, 0xff, 0xff, 0xff] + good,
            [0x00, 0x7f, 0xff, 0xff, 0x7f] + good,
            [0x3f, 0xff, 0xff, 0xff, 0xff] + good,
        ]
        for block in blocks {
            let found = ByteView.of(block) {
                HPACKLiteral.first(in: $0, ByteRange(from: 0, to: block.count), atLeast: 128)
            }
            #expect(found == nil, "\(block.prefix(8))")
        }
    }

    @Test(
        "Lengths are written as RFC 7541 section 5.2 has them",
        arguments: [0, 1, 126, 127, 128, 254, 255, 4_096, 16_384])
    func lengths(count: Int) {
        #expect(HPACKLiteral.plainLength(count) == Self.integer(count, prefix: 7, top: 0))
    }
}
