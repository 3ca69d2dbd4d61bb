// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Finding frame headers")
struct HTTP2FrameWalkTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let frames: [(type: UInt8, flags: UInt8, length: Int)] = [
        (4, 0, 12), (1, 5, 300), (0, 0, 0), (0, 9, 70_000), (0xbb, 0, 3), (6, 1, 8), (9, 4, 1),
    ]

    private static func stream() -> [UInt8] {
        preface
            + frames.flatMap { frame -> [UInt8] in
                let length = [16, 8, 0].map { UInt8(truncatingIfNeeded: frame.length >> $0) }
                // The payload looks like headers of frames.
                return length + [frame.type, frame.flags, 0, 0, 0, 1] + [UInt8](repeating: 6, count: frame.length)
            }
    }

    @Test(
        "Each header is found once, however the bytes are cut",
        arguments: [1, 2, 5, 8, 9, 10, 24, 25, 4_096, 1 << 20])
    func cuts(size: Int) {
        var walk = HTTP2FrameWalk()
        var found: [HTTP2FrameHeader] = []
        let bytes = Self.stream()
        for start in stride(from: 0, to: bytes.count, by: size) {
            ByteView.of(Array(bytes[start..<min(start + size, bytes.count)])) { piece in
                var position = 0
                while let header = walk.next(piece, at: &position) { found.append(header) }
                #expect(position == piece.count)
            }
        }
        let expected = Self.frames.map {
            HTTP2FrameHeader(type: .init(number: $0.type), flags: $0.flags, length: $0.length)
        }
        #expect(found == expected)
    }

    @Test("A server's frames begin without a preface")
    func server() {
        var walk = HTTP2FrameWalk(fromClient: false)
        var position = 0
        let bytes = Array(Self.stream().dropFirst(Self.preface.count))
        let first = ByteView.of(bytes) { walk.next($0, at: &position) }
        #expect(first == HTTP2FrameHeader(type: .settings, flags: 0, length: 12))
    }
}
