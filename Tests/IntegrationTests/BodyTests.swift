// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// Bodies both ways, byte for byte, and what they cost in memory.
    @Suite(.timeLimit(.minutes(5)))
    struct BodyTests {
        static let sizes = [0, 1, 16_383, 16_384, 16_385, 1 << 20, 64 << 20]
        /// Chunks of a size that fits no buffer.
        static let chunk = 10_007
        /// `POST /check` answers with what the pattern's checker found; `GET /sized/N` and `GET /chunked/N` send N bytes.
        static let serve: ScriptedUpstream.Script = { connection in
            while true {
                let head = try connection.readHead()
                let parts = head.target.split(separator: "/")
                guard let kind = parts.first, parts.count == 2, let size = Int(parts[1]) else { return }
                switch kind {
                case "check":
                    let checker = Pattern.Checker()
                    try connection.readBody(of: head, checker.take)
                    connection.answer(
                        body: checker.matches(size) ? "exact" : "\(checker.count) \(checker.firstDifference ?? -1)")
                case "sized":
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
                    sendPattern(size, piece: 65_536) { connection.wire.write($0, by: .after(.seconds(60))) == .all }
                default:
                    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    sendPattern(size, piece: chunk) { piece in
                        let bytes = Array((String(piece.count, radix: 16) + "\r\n").utf8) + piece + [13, 10]
                        return connection.wire.write(bytes, by: .after(.seconds(60))) == .all
                    }
                    connection.write("0\r\n\r\n")
                }
            }
        }

        /// Hands the pattern over in pieces until it is all sent or a send fails.
        private static func sendPattern(_ size: Int, piece: Int, _ send: ([UInt8]) -> Bool) {
            var offset = 0
            while offset < size {
                let bytes = Pattern.bytes(at: offset, count: min(piece, size - offset))
                guard send(Array(bytes)) else { return }
                offset += bytes.count
            }
        }

        @Test("Bodies of each size arrive byte for byte, sized and chunked, both ways")
        func exact() throws {
            try World.run(script: Self.serve) { world in
                var table = FiguresTable("bodies of 64 MiB", columns: ["way", "framing", "s", "MiB/s"])
                for size in Self.sizes {
                    for chunked in [false, true] {
                        let framing = chunked ? "chunked" : "sized"
                        let up = try upload(world, size, chunked: chunked)
                        let down = try download(world, size, chunked: chunked)
                        guard size == 64 << 20 else { continue }
                        for (way, seconds) in [("up", up), ("down", down)] {
                            table.add(way, framing, seconds.rounded(to: 2), (64 / seconds).rounded(to: 0))
                        }
                    }
                }
                table.print()
                #expect(world.gateway.waitUntilIdle(within: .seconds(5)))
            }
        }

        /// Returns how many seconds it took.
        private func upload(_ world: World, _ size: Int, chunked: Bool) throws -> Double {
            let client = try world.gateway.connect()
            let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(size)"
            client.send("POST", "/check/\(size)", token: world.token, fields: [framing])
            let start = ContinuousClock.now
            Self.sendPattern(size, piece: chunked ? Self.chunk : 65_536) { piece in
                let bytes =
                    chunked ? Array((String(piece.count, radix: 16) + "\r\n").utf8) + piece + [13, 10] : piece
                return client.wire.write(bytes, by: .after(.seconds(60))) == .all
            }
            if chunked { client.wire.write("0\r\n\r\n") }
            let response = try client.reader.readResponse(to: "POST", by: .after(.seconds(60)))
            #expect(response.text == "exact", "\(size) bytes, \(framing)")
            return (ContinuousClock.now - start).milliseconds / 1_000
        }

        private func download(_ world: World, _ size: Int, chunked: Bool) throws -> Double {
            let client = try world.gateway.connect()
            client.send("GET", (chunked ? "/chunked/" : "/sized/") + "\(size)", token: world.token)
            let start = ContinuousClock.now
            let head = try client.reader.readHead(by: .after(.seconds(30)))
            let checker = Pattern.Checker()
            _ = try client.reader.readBody(
                HTTPReader.framing(of: head, answering: "GET"), by: .after(.seconds(60)), checker.take)
            #expect(checker.matches(size), "\(checker.count) bytes, differing at \(checker.firstDifference ?? -1)")
            return (ContinuousClock.now - start).milliseconds / 1_000
        }

        @Test("A slow reader costs little memory, whichever side it is on")
        func slowReader() throws {
            try World.run(script: Self.serve) { world in
                let size = 64 << 20
                let idle = world.gateway.workers().map(\.rssAnon)
                let peak = Peak()

                // Downloads: clients that read 64 KiB in 20 ms for a while, then the rest as fast as it comes.
                let clients = try (0..<4).map { _ in try world.gateway.connect(receiveBuffer: 65_536) }
                for client in clients { client.send("GET", "/sized/\(size)", token: world.token) }
                let checkers = try clients.map { client in
                    _ = try client.reader.readHead(by: .after(.seconds(30)))
                    return Pattern.Checker()
                }
                for _ in 0..<40 {
                    for (client, checker) in zip(clients, checkers) {
                        let piece = try client.reader.readSome(upTo: 65_536, by: .after(.seconds(10)))
                        checker.take(piece)
                    }
                    sleep(for: .milliseconds(20))
                    peak.take(world.gateway.workers().map(\.rssAnon))
                }
                let first = try #require(clients.first)
                let taken = checkers[0].count
                _ = try first.reader.readBody(.sized(size - taken), by: .after(.seconds(60)), checkers[0].take)
                #expect(checkers[0].matches(size))
                for client in clients { client.wire.close() }

                let above = (peak.value - (idle.min() ?? 0)).mebibytes
                #expect(peak.value - (idle.min() ?? 0) < 16 << 20, "\(above) MiB above idle")
                var table = FiguresTable("slow readers", columns: ["what", "MiB above idle", "limit"])
                table.add("worker with 4 slow downloads of 64 MiB", above, "16.00")
                table.print()
                #expect(world.gateway.waitUntilIdle(within: .seconds(5)))
            }
        }

        /// The largest figure that came.
        private final class Peak {
            private(set) var value = 0
            func take(_ figures: [Int]) { value = max(value, figures.max() ?? 0) }
        }
    }
}
