// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Bodies")
struct ChunkedDecoderTests {
    /// What came of a body: its data, its trailers, how it ended, and what was left.
    struct Outcome: Equatable {
        var data = ""
        var trailers = ""
        var end: BodyStep?
        var left = 0
    }

    /// Feeds `text` in two pieces, as a connection would: what was taken goes, the rest stays and is added to.
    static func decode(_ text: String, _ framing: MessageFraming = .chunked, splitAt split: Int = 0) -> Outcome {
        let bytes = Array(text.utf8)
        var reader = BodyReader(framing)
        var outcome = Outcome()
        var buffer: [UInt8] = []
        for piece in [bytes[..<split], bytes[split...]] {
            buffer += piece
            var position = 0
            loop: while outcome.end == nil {
                let step = CodecHarness.view(buffer) { reader.next($0, at: &position) }
                switch step {
                case .data(let range):
                    outcome.data += CodecHarness.text(Array(buffer[range.lowerBound..<range.upperBound]))
                case .needMore:
                    break loop
                case .end(let range):
                    outcome.trailers = CodecHarness.text(Array(buffer[range.lowerBound..<range.upperBound]))
                    outcome.end = .end(trailers: .empty)
                case .refused:
                    outcome.end = step
                }
            }
            buffer.removeFirst(position)
        }
        if outcome.end == nil {
            outcome.end = reader.finish()
        }
        if case .refused = outcome.end { outcome.left = 0 } else { outcome.left = buffer.count }
        return outcome
    }

    @Test(
        "Chunks that are right",
        arguments: [
            ("0\r\n\r\n", "", "", 0), ("5\r\nhello\r\n0\r\n\r\n", "hello", "", 0),
            ("0005\r\nhello\r\n000\r\n\r\nNEXT", "hello", "", 4),
            ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789", "", 0), ("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc", "", 0),
            ("5;a=b; c=\"d e\"\r\nhello\r\n0;x\r\n\r\n", "hello", "", 0),
            ("1\r\na\r\n0\r\nX-Sum: 1\r\nVary: *\r\n\r\nrest", "a", "X-Sum: 1\r\nVary: *\r\n", 4),
            ("0\r\nX:\ta\tb\r\n\r\n", "", "X:\ta\tb\r\n", 0),
        ])
    func right(_ text: String, _ data: String, _ trailers: String, _ left: Int) {
        let expected = Outcome(data: data, trailers: trailers, end: .end(trailers: .empty), left: left)
        for split in 0...text.utf8.count { #expect(Self.decode(text, splitAt: split) == expected) }
    }

    @Test(
        "Chunks that are wrong",
        arguments: [
            ("x\r\n", HTTPFault.invalidChunkSize), ("\r\n", .invalidChunkSize), (" 1\r\n", .invalidChunkSize),
            ("1 \r\na\r\n", .invalidChunkSize), ("+1\r\na", .invalidChunkSize), ("-1\r\na", .invalidChunkSize),
            ("0x1\r\na", .invalidChunkSize), ("6_0\r\n", .invalidChunkSize), (";a\r\n", .invalidChunkSize),
            ("1\na\r\n", .invalidChunkSize), ("1\r\r\na", .invalidChunkSize), ("1;a\n", .invalidChunkExtension),
            ("1;a\rb\r\n", .invalidChunkSize), ("1;a\0\r\n", .invalidChunkExtension),
            ("1\r\nab\r\n", .invalidChunkEnd), ("1\r\na\n", .invalidChunkEnd), ("1\r\na\rb", .invalidChunkEnd),
            ("8000000000000000\r\n", .chunkTooLarge), ("00000000000000001\r\n", .chunkTooLarge),
            ("1;\(String(repeating: "x", count: 256))\r\n", .invalidChunkExtension),
            ("0\r\nA : b\r\n\r\n", .invalidFieldName), ("0\r\n a: b\r\n\r\n", .foldedField),
            ("0\r\nA: b\nC: d\r\n\r\n", .bareLineFeed),
            ("0\r\nA: \u{1}\r\n\r\n", .controlByte), ("0\r\nA: \rb\r\n\r\n", .bareCarriageReturn),
            ("0\r\nContent-Length: 1\r\n\r\n", .forbiddenTrailer), ("0\r\nHost: a\r\n\r\n", .forbiddenTrailer),
            ("0\r\nTransfer-Encoding: chunked\r\n\r\n", .forbiddenTrailer),
            ("0\r\nAuthorization: a\r\n\r\n", .forbiddenTrailer),
            ("0\r\nX: y\r\nImpersonate-User: a\r\n\r\n", .forbiddenTrailer),
            ("0\r\nX_Remote_User: a\r\n\r\n", .underscoredField),
            ("0\r\nA: \(String(repeating: "x", count: 9_000))\r\n\r\n", .trailersTooLarge),
            ("0\r\n\(String(repeating: "A: b\r\n", count: 33))\r\n", .trailersTooLarge),
            ("", .truncatedBody), ("5", .truncatedBody), ("5\r\nhell", .truncatedBody),
            ("1\r\na\r\n0\r\n", .truncatedBody),
            ("0\r\nA: b\r\n", .truncatedBody),
        ])
    func wrong(_ text: String, _ fault: HTTPFault) {
        let count = text.utf8.count
        for split in stride(from: 0, through: count, by: max(1, count / 300)) {
            #expect(Self.decode(text, splitAt: split).end == .refused(fault))
        }
    }

    @Test("All extensions of a body together are bounded")
    func extensions() {
        let text = String(repeating: "1;\(String(repeating: "x", count: 200))\r\na\r\n", count: 100)
        #expect(Self.decode(text).end == .refused(.invalidChunkExtension))
    }

    @Test("The other framings")
    func others() {
        for split in 0...7 {
            let end = BodyStep.end(trailers: .empty)
            #expect(Self.decode("helloGE", .length(5), splitAt: split) == Outcome(data: "hello", end: end, left: 2))
            #expect(Self.decode("helloGE", .none, splitAt: split) == Outcome(data: "", end: end, left: 7))
            #expect(Self.decode("helloGE", .untilClose, splitAt: split) == Outcome(data: "helloGE", end: end, left: 0))
            #expect(Self.decode("helloGE", .length(8), splitAt: split).end == .refused(.truncatedBody))
        }
    }

    @Test("Chunks written are chunks read")
    func writing() {
        let out = CodecHarness.written { writer in
            ChunkWriter.write(ByteView("hello"), into: &writer)
            ChunkWriter.write(.empty, into: &writer)
            let gap = writer.reserve(ChunkWriter.headLength)
            writer.append("world!")
            if let gap { writer.rewrite(at: gap) { ChunkWriter.writeHead(size: 6, into: &$0) } }
            ChunkWriter.writeTail(into: &writer)
            ChunkWriter.writeEnd(trailers: ByteView("A: b\r\n"), into: &writer)
        }
        #expect(
            CodecHarness.text(out.bytes) == "00000005\r\nhello\r\n00000006\r\nworld!\r\n0\r\nA: b\r\n\r\n")
        #expect(
            Self.decode(CodecHarness.text(out.bytes))
                == Outcome(data: "helloworld!", trailers: "A: b\r\n", end: .end(trailers: .empty), left: 0))
    }
}
