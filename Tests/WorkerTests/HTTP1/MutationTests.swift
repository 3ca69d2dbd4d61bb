// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

/// A trap in a parser kills a worker, so whatever bytes come, there must be an answer. Seeded, so that a failure comes again.
@Suite("Mutations")
struct MutationTests {
    /// SplitMix64.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let seeds = [
        "GET /api/v1/namespaces/a/pods?watch=1&fieldSelector=metadata.name%3Db HTTP/1.1\r\nHost: a:1\r\nTE: trailers\r\n\r\n",
        "POST /a%2fb/.. HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\nGET ",
        "PUT http://a/b HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\nX: y\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive, foo\r\nFoo: bar\r\n\r\nabc",
    ]

    private static let pieces: [String] = [
        "\r\n", "\r", "\n", "\0", ":", " ", "\t", ",", ";", "%", "%2f", "%2e", "?", "&", "=", "\\", "_", "#", "..", "/",
        "*",
        "[", "]", "Host: a\r\n", "Content-Length: 18446744073709551616\r\n", "Transfer-Encoding: chunked\r\n",
        "Connection: ",
        "ffffffffffffffff", "\u{7f}", "\u{e9}", "HTTP/1.1", "http://",
    ]

    @Test("Any bytes get an answer, and the same one however they are cut", arguments: 0..<8)
    func mutations(_ seed: Int) {
        var random = Generator(state: UInt64(seed) &* 7_919 &+ 1)
        for _ in 0..<600 {
            var bytes = Array(Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &random)].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                let end = min(bytes.count, place + Int.random(in: 0...4, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    bytes.replaceSubrange(
                        place..<end, with: Self.pieces.randomElement(using: &random).map { Array($0.utf8) } ?? [])
                case 1: bytes.removeSubrange(place..<end)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                default: bytes.insert(contentsOf: bytes[place..<end], at: place)
                }
            }
            let whole = RequestStream.read(bytes)
            let cuts = [0, 1, 2].map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            #expect(RequestStream.read(bytes, cutAt: cuts) == whole)
            exercise(bytes)
        }
    }

    /// Runs what else reads untrusted bytes.
    private func exercise(_ bytes: [UInt8]) {
        CodecHarness.view(bytes) { view in
            let limits = HeadLimits()
            let table = FieldTable(capacity: limits.fields)
            _ = CodecHarness.written(capacity: 300) { writer in
                var scan = HeadScan()
                let parse = RequestHeadParser.parse(view, scan: &scan, into: table, limits: limits)
                guard case .complete(let head) = parse else { return }
                let info = RequestInfo(head, in: view)
                info.verb.write(of: view, into: &writer)
                PathText.write(selector: info.name, of: view, into: &writer)
                let editor = RequestHeadEditor(authority: ByteView("u"), block: ByteView("A: b\r\n"), tunnel: true)
                _ = editor.write(head, fields: table, from: view, into: &writer)
            }
            _ = CodecHarness.written(capacity: 300) { writer in
                var scan = HeadScan()
                let parse = ResponseHeadParser.parse(view, scan: &scan, into: table, limits: limits, to: .get)
                guard case .complete(let head) = parse else { return }
                let editor = ResponseHeadEditor(framing: .chunked, close: true, minorVersion: 0)
                _ = editor.write(head, fields: table, from: view, into: &writer)
            }
            let whole = ByteRange(from: 0, to: view.count)
            _ = RequestInfo(method: .get, path: whole, query: whole, in: view)
            _ = CodecHarness.written { JSONText.write(view, into: &$0) }
        }
    }
}
