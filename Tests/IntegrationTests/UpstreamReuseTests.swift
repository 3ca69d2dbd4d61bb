// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// A kept connection to the API server carries one user's request after another's: what comes on it beyond a response
    /// is nobody's answer, however it comes.
    @Suite(.timeLimit(.minutes(2)))
    struct UpstreamReuseTests {
        private static let stray = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

        /// A response of exactly so many bytes.
        private static func response(_ length: Int) -> String {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: "
            // Four or five digits, so that the head's own length is known.
            let rest = length - head.utf8.count - 4
            let digits = "\(rest)".utf8.count
            return head + "\(rest - digits)\r\n\r\n" + String(repeating: "x", count: rest - digits)
        }

        @Test("A TLS record that came along with the response's last one is no answer to the next request")
        func secondRecord() throws {
            try World.run(
                configure: { $0.workers = 1 },
                script: { connection in
                    while true {
                        let head = try connection.readHead()
                        guard head.target == "/first" else {
                            connection.answer(body: "own")
                            continue
                        }
                        connection.wire.cork(true)
                        connection.answer(body: "first")
                        connection.write(Self.stray)
                        connection.wire.cork(false)
                    }
                }
            ) { world in
                let bobs = try world.issuer.token(for: "bob", groups: [])
                for round in 0..<10 {
                    let alice = try world.gateway.connect()
                    #expect(try alice.request("GET", "/first", token: world.token).text == "first")
                    let bob = try world.gateway.connect()
                    #expect(try bob.request("GET", "/own", token: bobs).text == "own", "round \(round)")
                    alice.wire.close()
                    bob.wire.close()
                }
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        @Test(
            "Bytes behind a response are no answer to the request that waited for the connection",
            arguments: [4_096, 16_320, 17_408])
        func waiter(length: Int) throws {
            let response = Self.response(length)
            #expect(response.utf8.count == length)
            try World.run(
                upstreamTLS: false,
                configure: {
                    $0.workers = 1
                    $0.pool = ["maxConnections": "1", "maxIdle": "1"]
                },
                script: { connection in
                    while true {
                        let head = try connection.readHead()
                        guard head.target.hasPrefix("/first") else {
                            connection.answer(body: "own")
                            continue
                        }
                        sleep(for: .milliseconds(150))
                        // A read takes the response and not a byte more: the rest is left to the kernel.
                        connection.write(response + Self.stray)
                    }
                }
            ) { world in
                let bobs = try world.issuer.token(for: "bob", groups: [])
                for round in 0..<4 {
                    let alice = try world.gateway.connect()
                    alice.send("GET", "/first/\(round)", token: world.token)
                    try wait("alice's request") { world.upstream.requestCount(for: "/first/\(round)") == 1 }
                    let bob = try world.gateway.connect()
                    bob.send("POST", "/own", token: bobs, body: "x")
                    try wait("bob's request") { try world.gateway.status().inFlight == 2 }
                    let first = try alice.reader.readResponse(by: .after(.seconds(10)))
                    #expect(first.status == 200 && first.text.hasPrefix("xxxx"))
                    let own = try bob.reader.readResponse(to: "POST", by: .after(.seconds(10)))
                    #expect(own.text == "own", "round \(round): \(own.status)")
                    alice.wire.close()
                    bob.wire.close()
                }
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        @Test("A request of whose response one byte has come is not sent again")
        func partialHead() throws {
            try World.run(
                configure: { $0.workers = 1 },
                script: { connection in
                    while true {
                        let head = try connection.readHead()
                        guard head.target.hasPrefix("/half") else {
                            connection.answer(body: "kept")
                            continue
                        }
                        connection.write(head.target == "/half/byte" ? "H" : "HTTP/1.1 200 OK\r\nConte")
                        sleep(for: .milliseconds(50))
                        return
                    }
                }
            ) { world in
                for target in ["/half/byte", "/half/line"] {
                    let client = try world.gateway.connect()
                    #expect(try client.request("GET", "/kept", token: world.token).text == "kept")
                    let response = try client.request("GET", target, token: world.token)
                    #expect(try Status(response).isFailure(502), "\(target): \(response.text)")
                    #expect(world.upstream.requestCount(for: target) == 1, "\(target)")
                    client.wire.close()
                }
            }
        }
    }
}
