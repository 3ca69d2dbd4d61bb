// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("Where a stream may be ended early")
struct BodyBoundaryTests {
    private static func boundary(_ type: String) -> BodyBoundary? {
        let bytes = Array(type.utf8)
        return CodecHarness.view(bytes) { BodyBoundary(contentType: ByteRange(from: 0, to: bytes.count), in: $0) }
    }

    @Test(
        "The content type says how",
        arguments: [
            ("application/json", true), ("application/json;stream=watch", true),
            ("Application/JSON; charset=utf-8", true), ("text/plain", true),
            ("application/vnd.kubernetes.protobuf;stream=watch", true), ("application/cbor-seq", false),
            ("application/jsonl", false), ("application/octet-stream", false), ("", false),
        ])
    func types(type: String, known: Bool) {
        #expect((Self.boundary(type) != nil) == known)
    }

    /// Frames of 3, 0 and 258 bytes.
    private static let frames: [UInt8] =
        [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 1, 2] + [UInt8](repeating: 10, count: 258)

    @Test("However the bytes come, the boundaries are the same", arguments: [1, 2, 3, 5, 400])
    func pieces(size: Int) throws {
        for (type, bytes, ends) in [
            ("text/plain", Array("ab\n\nc\nd".utf8), [3, 4, 6]),
            ("application/vnd.kubernetes.protobuf", Self.frames, [7, 11, 273]),
        ] {
            var boundary = try #require(Self.boundary(type))
            #expect(boundary.isHere)
            for start in stride(from: 0, to: bytes.count, by: size) {
                let end = min(start + size, bytes.count)
                CodecHarness.view(Array(bytes[start..<end])) { boundary.pass($0) }
                #expect(boundary.isHere == ends.contains(end), "\(type) at \(end)")
            }
            // The first boundary behind each place.
            for start in 0..<bytes.count {
                var boundary = try #require(Self.boundary(type))
                CodecHarness.view(Array(bytes[..<start])) { boundary.pass($0) }
                let found = CodecHarness.view(Array(bytes[start...])) { boundary.passToFirst($0) }
                #expect(found.map { $0 + start } == ends.first { $0 > start }, "\(type) from \(start)")
            }
        }
    }

    /// Relays the pieces, ends early after so many of them, and gives what came out.
    private func relay(
        _ pieces: [String], endAfter: Int, to target: MessageFraming
    ) -> (text: String, progress: BodyRelay.Progress) {
        let pool = BufferPool(limit: 1_048_576)
        var receive = Buffer(pool: pool)
        var send = Buffer(pool: pool)
        var relay = BodyRelay(from: .untilClose, to: target, boundary: .lines(isHere: true))
        var progress = BodyRelay.Progress.starved
        for (index, piece) in pieces.enumerated() where progress == .starved {
            if index == endAfter { progress = relay.endEarly(to: &send) }
            guard progress == .starved, receive.reserve(piece.utf8.count) else { break }
            receive.append(Array(piece.utf8))
            progress = relay.move(from: &receive, to: &send)
        }
        let text = send.view { view in String(decoding: (0..<view.count).map { view[$0] }, as: UTF8.self) }
        return (text, progress)
    }

    @Test("A body ends behind the item that is under way, and nothing of the next goes on")
    func ends() {
        #expect(relay(["a\n", "b\n"], endAfter: 1, to: .untilClose) == ("a\n", .ended))
        #expect(relay(["a\nb", "c\nd\ne"], endAfter: 1, to: .untilClose) == ("a\nbc\n", .ended))
        #expect(relay(["a\nb", "c", "d\n\n"], endAfter: 1, to: .untilClose) == ("a\nbcd\n", .ended))
        #expect(relay(["a\nb", "c"], endAfter: 1, to: .untilClose) == ("a\nbc", .starved))
        #expect(relay(["a\n", "b"], endAfter: 0, to: .chunked) == ("0\r\n\r\n", .ended))
        let chunked = "00000003\r\na\nb\r\n00000002\r\nc\n\r\n0\r\n\r\n"
        #expect(relay(["a\nb", "c\nd"], endAfter: 1, to: .chunked) == (chunked, .ended))
    }

    @Test("A length that was announced is kept, and what has no boundary goes on")
    func neverEnds() {
        #expect(relay(["a\n", "b\n"], endAfter: 1, to: .length(4)) == ("a\nb\n", .starved))
        let pool = BufferPool(limit: 1_048_576)
        var send = Buffer(pool: pool)
        var relay = BodyRelay(from: .chunked, to: .chunked)
        #expect(relay.endEarly(to: &send) == .starved)
        let left = send.count
        #expect(left == 0)
    }
}
