// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("Bodies from one framing to another, through bounded buffers")
struct BodyRelayTests {
    /// What came of a body: how it ended, what was written, and what was left of the input.
    struct Result: Equatable {
        var progress: BodyRelay.Progress
        var output: String
        var rest: String
    }

    /// Feeds `input` in pieces of `piece` bytes and drains the target after each.
    private func relay(
        _ input: String, from source: MessageFraming, to target: MessageFraming, piece: Int
    ) -> Result {
        let pool = BufferPool(limit: 1_048_576)
        let receive = Buffer(pool: pool)
        let send = Buffer(pool: pool)
        var relay = BodyRelay(from: source, to: target)
        var output: [UInt8] = []
        var progress = BodyRelay.Progress.starved
        let bytes = Array(input.utf8)
        var offset = 0
        repeat {
            let end = min(bytes.count, offset + piece)
            _ = receive.reserve(end - offset)
            receive.append(Array(bytes[offset..<end]))
            offset = end
            repeat {
                progress = relay.move(from: receive, to: send)
                output += send.view { view in (0..<view.count).map { view[$0] } }
                send.discardAll()
            } while progress == .blocked
        } while progress == .starved && offset < bytes.count
        return Result(
            progress: progress, output: String(decoding: output, as: UTF8.self),
            rest: receive.view { view in String(decoding: (0..<view.count).map { view[$0] }, as: UTF8.self) })
    }

    /// The data in a chunked text, however it was cut into chunks, and its trailer section.
    private func unchunked(_ text: String) -> (data: String, trailers: String) {
        var rest = Substring(text)
        var data = ""
        while let line = rest.firstRange(of: "\r\n") {
            let size = Int(rest[..<line.lowerBound], radix: 16) ?? -1
            rest = rest[line.upperBound...]
            if size <= 0 { break }
            data += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return (data, String(rest))
    }

    @Test("A sized body passes as it is, and what follows it is left alone", arguments: [1, 2, 3, 7, 1_000])
    func sized(piece: Int) {
        #expect(
            relay("hello worldGET /", from: .length(11), to: .length(11), piece: piece).output == "hello world")
        #expect(
            relay("hello worldGET /", from: .length(11), to: .length(11), piece: 1_000)
                == Result(progress: .ended, output: "hello world", rest: "GET /"))
    }

    @Test("Much of a body changes hands as a whole, byte for byte, up to its end and no further")
    func wholesale() {
        let body = String((0..<9_000).map { Character(UnicodeScalar(UInt8(97 + $0 % 23))) })
        for piece in [1, 2_047, 2_048, 4_000, 9_000, 20_000] {
            let whole = Result(progress: .ended, output: body, rest: "")
            #expect(relay(body, from: .length(9_000), to: .length(9_000), piece: piece) == whole)
            #expect(relay(body, from: .length(9_000), to: .untilClose, piece: piece) == whole)
            let more = Result(progress: .starved, output: body, rest: "")
            #expect(relay(body, from: .length(9_001), to: .length(9_001), piece: piece) == more)
            #expect(relay(body, from: .untilClose, to: .untilClose, piece: piece) == more)
        }
        #expect(
            relay(body + "GET /", from: .length(9_000), to: .length(9_000), piece: 20_000)
                == Result(progress: .ended, output: body, rest: "GET /"))
    }

    @Test("A large chunk changes hands where that is expected, and only if there is much in it")
    func bulk() {
        let pool = BufferPool(limit: 1_048_576)
        for (count, inBulk, isWhole) in [
            (50_000, true, true), (50_000, false, false), (17_409, true, true), (10_000, true, false),
        ] {
            var relay = BodyRelay(from: .untilClose, to: .untilClose)
            let receive = Buffer(pool: pool)
            let send = Buffer(pool: pool)
            _ = receive.reserve(60_000)
            receive.append([UInt8](repeating: 7, count: count))
            let progress = relay.move(from: receive, to: send, inBulk: inBulk)
            #expect((send.capacity > 17_408) == isWhole && receive.count + send.count == count)
            #expect(progress == (receive.isEmpty ? .starved : .blocked))
        }
    }

    @Test("No body ends at once")
    func none() {
        #expect(relay("", from: .none, to: .none, piece: 1) == Result(progress: .ended, output: "", rest: ""))
        #expect(relay("GET", from: .none, to: .none, piece: 3) == Result(progress: .ended, output: "", rest: "GET"))
    }

    @Test("Chunks come out as chunks with their trailers, without their extensions", arguments: [1, 2, 5, 9, 1_000])
    func chunked(piece: Int) {
        let input = "5\r\nhello\r\n6;extension=1\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n"
        let result = relay(input, from: .chunked, to: .chunked, piece: piece)
        #expect(result.progress == .ended)
        #expect(unchunked(result.output).data == "hello world")
        #expect(unchunked(result.output).trailers == "X-Sum: 11\r\n\r\n")
    }

    @Test("What ends with the connection comes out as chunks", arguments: [1, 4, 1_000])
    func untilClose(piece: Int) {
        let pool = BufferPool(limit: 1_048_576)
        var relay = BodyRelay(from: .untilClose, to: .chunked)
        let receive = Buffer(pool: pool)
        let send = Buffer(pool: pool)
        _ = receive.reserve(3)
        receive.append(Array("abc".utf8))
        #expect(relay.move(from: receive, to: send) == .starved)
        #expect(relay.sourceEnded(to: send) == .ended)
        let text = send.view { view in String(decoding: (0..<view.count).map { view[$0] }, as: UTF8.self) }
        #expect(unchunked(text).data == "abc" && text.hasSuffix("0\r\n\r\n"))
    }

    @Test("A stream that ends too early is no end", arguments: [MessageFraming.length(5), .chunked])
    func truncated(framing: MessageFraming) {
        let pool = BufferPool(limit: 1_048_576)
        var relay = BodyRelay(from: framing, to: framing)
        let receive = Buffer(pool: pool)
        let send = Buffer(pool: pool)
        _ = receive.reserve(3)
        receive.append(Array("5\r\n".utf8))
        #expect(relay.move(from: receive, to: send) == .starved)
        #expect(relay.sourceEnded(to: send) == .refused(.truncatedBody))
    }

    @Test("A target without room blocks, and nothing is lost")
    func blocked() {
        let pool = BufferPool(limit: 1_048_576)
        let data = String(repeating: "0123456789", count: 5_000)
        for framing in [MessageFraming.length(50_000), .chunked] {
            let input = framing == .chunked ? "C350\r\n\(data)\r\n0\r\n\r\n" : data
            var relay = BodyRelay(from: framing, to: framing)
            let receive = Buffer(pool: pool)
            let send = Buffer(pool: pool)
            _ = receive.reserve(input.utf8.count)
            receive.append(Array(input.utf8))
            var output = ""
            var blocks = 0
            while true {
                let progress = relay.move(from: receive, to: send)
                // A second try without room must not move anything.
                if progress == .blocked { #expect(relay.move(from: receive, to: send) == .blocked) }
                output += send.view { view in String(decoding: (0..<view.count).map { view[$0] }, as: UTF8.self) }
                send.discardAll()
                guard progress == .blocked else {
                    #expect(progress == .ended)
                    break
                }
                blocks += 1
            }
            #expect(blocks >= 2)
            #expect((framing == .chunked ? unchunked(output).data : output) == data)
        }
        #expect(pool.leased == 0)
    }
}
