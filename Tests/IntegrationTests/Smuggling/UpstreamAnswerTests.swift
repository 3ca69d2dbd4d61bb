// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// What the API server answers is judged as strictly as what clients ask: a bad answer is a 502, or a cut where the
    /// client has seen its head already, and never the next client's.
    @Suite(.timeLimit(.minutes(2)))
    struct UpstreamAnswerTests {
        enum Expectation: Sendable {
            /// Nothing of it reaches the client.
            case badGateway
            /// The head was good; the client can tell that the body is not.
            case cut
            /// The body, and then the API server's connection is not used again.
            case relayed(Int, String)
        }

        struct Answer: Sendable {
            let bytes: String
            let expectation: Expectation

            init(_ bytes: String, _ expectation: Expectation) {
                self.bytes = bytes
                self.expectation = expectation
            }
        }

        private static let ok = "HTTP/1.1 200 OK\r\n"

        static let answers: [Answer] =
            [
                "\(ok)Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                "\(ok)Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
                "\(ok)Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
                "\(ok)Content-Length: 2, 2\r\n\r\nok", "\(ok)Content-Length: +2\r\n\r\nok",
                "\(ok)Content-Length: -1\r\n\r\n",
                "\(ok)Content-Length: 0x2\r\n\r\nok", "\(ok)Content-Length:\r\n\r\nok",
                "\(ok)Content-Length: 99999999999999999999\r\n\r\nok",
                "\(ok)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "\(ok)Transfer-Encoding: identity\r\n\r\nok",
                "\(ok)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\nok\(ok)Content-Length: 2\r\n\r\nok",
                "\(ok)Content-Length : 2\r\n\r\nok", "\(ok) Content-Length: 2\r\n\r\nok",
                "\(ok)X: y\r\n folded\r\n\r\n",
                "\(ok)X: y\nContent-Length: 2\r\n\r\nok", "\(ok)X: a\rb\r\n\r\n", "\(ok)X: \u{0}\r\n\r\n",
                "\(ok)X y: z\r\n\r\n",
                "\(ok)X\r\n\r\n", "\(ok): y\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
                "HTTP/2.0 200 OK\r\n\r\n",
                "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 99 No\r\n\r\n",
                "HTTP/1.1 600 No\r\n\r\n",
                "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "200 OK\r\n\r\n",
                "\r\n\(ok)Content-Length: 2\r\n\r\nok", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "garbage\r\n\r\n",
                "\(ok)X: \(String(repeating: "y", count: 70_000))\r\n\r\n",
                "\(ok)\((1...140).map { "X\($0): y\r\n" }.joined())\r\n",
                "HTTP/1.1 200 \(String(repeating: "O", count: 9_000))\r\n\r\n",
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
                "HTTP/1.1 100 Continue\r\nContent-Length: x\r\n\r\n\(ok)Content-Length: 2\r\n\r\nok",
                String(repeating: "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", count: 2_000)
                    + "\(ok)Content-Length: 2\r\n\r\nok",
                "\(ok)Content-Le", "", "HTTP/1.1",
            ].map { Answer($0, .badGateway) }
            + [
                "Content-Length: 5\r\n\r\nok", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
                "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
                "Transfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nx\r\n",
                "Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nok",
                "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\n\r\n",
            ].map { Answer(ok + $0, .cut) }
            + [
                Answer(
                    "\(ok)Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
                    .relayed(200, "ok")),
                Answer(
                    "\(ok)Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                    .relayed(200, "ok")),
                Answer(
                    "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", .relayed(204, "")
                ),
                Answer("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", .relayed(204, "")),
                Answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil", .relayed(304, "")),
                Answer("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", .relayed(200, "ok")),
                Answer("HTTP/1.0 200 OK\r\n\r\nto the end", .relayed(200, "to the end")),
                Answer(
                    "HTTP/1.1 103 Early Hints\r\n\r\n\(ok)Content-Length: 2\r\nConnection: X-Mine\r\nX-Mine: 1\r\n\r\nok",
                    .relayed(200, "ok")),
            ]

        @Test("A table of bad answers, and of good ones with something behind them")
        func table() throws {
            let answers = Self.answers
            try World.run(
                configure: { $0.deadlines = ["firstResponseByte": "2s", "bodyProgress": "2s"] },
                script: { connection in
                    while true {
                        let head = try connection.readHead()
                        let name = head.target.dropFirst()
                        guard let number = Int(name) else {
                            connection.answer(body: "plain")
                            continue
                        }
                        connection.write(answers[number].bytes)
                        // Many are only bad if nothing comes any more. Those with a rest behind them stay open, and a
                        // gateway that used them again would read that rest.
                        guard case .relayed = answers[number].expectation, !answers[number].bytes.hasPrefix("HTTP/1.0")
                        else { return }
                        _ = try connection.readBody(of: head)
                    }
                }
            ) { world in
                for (number, answer) in answers.enumerated() { try Self.check(number, answer, in: world) }
                let idle = world.gateway.waitUntilIdle(within: .seconds(3))
                #expect(idle)
                print("upstream answers: \(answers.count) cases")
            }
        }

        private static func check(_ number: Int, _ answer: Answer, in world: World) throws {
            let client = try world.gateway.connect()
            defer { client.wire.close() }
            // A POST is not tried again.
            let response = try client.request(
                "POST", "/\(number)", token: world.token, body: "x", by: .after(.seconds(8)))
            let told = "\(answer.bytes.prefix(80)): \(response.head) \(response.text.prefix(200)) \(response.end)"
            switch answer.expectation {
            case .badGateway:
                #expect(response.status == 502 && response.end == .complete, "\(told)")
                #expect(response.text.contains(#""kind":"Status""#), "\(told)")
            case .cut:
                #expect(response.status == 200, "\(told)")
                if case .cut = response.end {} else { Issue.record("\(told)") }
                return
            case .relayed(let status, let text):
                #expect(response.status == status && response.text == text, "\(told)")
                #expect(response.head["X-Mine"] == nil)
            }
            // The next one gets its own answer.
            if response.head["Connection"]?.lowercased() != "close" {
                let next = try client.request("GET", "/next", token: world.token, by: .after(.seconds(8)))
                #expect(next.status == 200 && next.text == "plain", "\(told)")
            }
        }

        @Test("Bytes that come on an idle connection end it, and are nobody's answer")
        func unsolicited() throws {
            try World.run(script: { connection in
                _ = try connection.readHead()
                connection.answer(body: "first")
                sleep(for: .milliseconds(50))
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
                connection.readUntilClose(within: .seconds(5))
            }) { world in
                let client = try world.gateway.connect()
                for _ in 0..<3 {
                    let response = try client.request("GET", "/x", token: world.token)
                    #expect(response.text == "first")
                    sleep(for: .milliseconds(120))
                }
                #expect(world.upstream.requestCount(for: "/x") == 3)
                #expect(world.upstream.closes.count >= 2)
                client.wire.close()
            }
        }
    }
}
