// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// The API server dies, lies or dawdles: the client is told, and never takes a cut body for a whole one.
    @Suite(.timeLimit(.minutes(2)))
    struct UpstreamFailureTests {
        /// Before the head, by the target: what the upstream does to the connection once it has read the request.
        static let beforeHead: [(target: String, act: @Sendable (ScriptedConnection) -> Void)] = [
            ("/closes", { $0.wire.close() }),
            ("/resets", { $0.wire.reset() }),
            ("/half-head", { $0.write("HTTP/1.1 200 OK\r\nContent-Le") }),
            ("/nonsense", { $0.write("SSH-2.0-OpenSSH_9.2\r\n\r\n") }),
            ("/two-lengths", { $0.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab") }),
        ]
        static let sized = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
        static let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        static let unframed = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
        /// After the head.
        static let afterHead: [(target: String, act: @Sendable (ScriptedConnection) -> Void)] = [
            ("/sized-closed", { $0.write(sized + "0123456789") }),
            (
                "/sized-reset",
                {
                    $0.write(sized + "0123456789"); sleep(for: .milliseconds(50)); $0.wire.reset()
                }
            ),
            ("/chunked-closed", { $0.write(chunked + "a\r\n0123456789\r\n") }),
            ("/chunk-cut", { $0.write(chunked + "64\r\n0123456789") }),
            ("/chunk-nonsense", { $0.write(chunked + "a\r\n0123456789\r\nzz\r\n") }),
            (
                "/unframed-reset",
                {
                    $0.write(unframed + "0123456789"); sleep(for: .milliseconds(50)); $0.wire.reset()
                }
            ),
            // TLS without close_notify: the network may have cut it, so it is no end of a body.
            (
                "/unframed-truncated",
                {
                    $0.write(unframed + "0123456789"); $0.wire.sendFIN(); $0.wire.closeAbruptly()
                }
            ),
        ]

        static let serve: ScriptedUpstream.Script = { connection in
            while true {
                let head = try connection.readHead()
                if let found = (beforeHead + afterHead).first(where: { $0.target == head.target }) {
                    found.act(connection)
                    return
                }
                switch head.target {
                case "/silent": connection.readUntilClose()
                case "/too-much":
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\nsmuggled")
                case "/kept": connection.answer(body: "kept")
                case "/stale":
                    // The second request on a connection finds it closed.
                    if connection.timesAsked == 1 { return }
                    connection.answer(body: "retried")
                default:
                    // Not kept, so that the next request comes on a fresh connection and is sent once only.
                    connection.answer(fields: ["Connection: close"], body: "well")
                    return
                }
            }
        }

        @Test("Before the response's head: 502, a Status, and the connection to the client goes on")
        func beforeTheHead() throws {
            try World.run(script: Self.serve) { world in
                for (target, _) in Self.beforeHead {
                    for method in ["GET", "POST"] {
                        let client = try world.gateway.connect()
                        let before = world.upstream.requests(for: target).count
                        let response = try client.request(
                            method, target, token: world.token, body: method == "POST" ? "body" : nil)
                        #expect(try Status(response).isFailure(502), "\(method) \(target): \(response.text)")
                        let count = world.upstream.requests(for: target).count - before
                        #expect(count == 1, "\(method) \(target) was sent \(count) times on fresh connections")
                        if method == "GET" {
                            #expect(try client.request("GET", "/well", token: world.token).text == "well", "\(target)")
                        }
                    }
                }
                #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
            }
        }

        @Test("After the head: the client sees a body that is cut, never a whole one")
        func afterTheHead() throws {
            try World.run(script: Self.serve) { world in
                for (target, _) in Self.afterHead {
                    let client = try world.gateway.connect()
                    let response = try client.request("GET", target, token: world.token)
                    #expect(response.status == 200 && response.text.hasPrefix("0123456789"), "\(target): \(response)")
                    let isCut = if case .cut = response.end { true } else { false }
                    #expect(isCut, "\(target) looks whole: \(response.end)")
                    let curl = try world.curl(target, arguments: [], token: world.token)
                    #expect(!curl.succeeded, "\(target): curl took it for a whole body")
                }
                #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
            }
        }

        @Test("Nobody listens: 502; nobody answers the handshake or the request: 504 with the stage")
        func unreachable() throws {
            try World.run { world in
                world.upstream.stop()
                let response = try world.gateway.connect().request("GET", "/", token: world.token)
                #expect(try Status(response).isFailure(502), "\(response.text)")
            }
            let deadlines = ["upstreamConnect": "1s", "firstResponseByte": "1s"]
            try World.run(configure: { $0.deadlines = deadlines }, script: Self.serve) { world in
                let silent = try world.gateway.connect().request("GET", "/silent", token: world.token)
                let status = try Status(silent)
                #expect(status.isFailure(504) && status.reason == "Timeout", "\(silent.text)")
                #expect(status.message.contains("first"), "the stage is not named: \(status.message)")
                world.upstream.withholdsHandshake = true
                let unconnected = try world.gateway.connect().request("GET", "/", token: world.token)
                #expect(try Status(unconnected).isFailure(504), "\(unconnected.text)")
            }
        }

        @Test("An API server with another's certificate is not spoken to")
        func otherCertificate() throws {
            try World.run { world in
                world.upstream.stop()
                let impostor = try ScriptedUpstream(
                    on: world.upstream.endpoint, tls: Certificates().server(), Self.serve)
                defer { impostor.stop() }
                let response = try world.gateway.connect().request("GET", "/", token: world.token)
                #expect(try Status(response).isFailure(502), "\(response.text)")
                #expect(impostor.requests.isEmpty)
            }
        }

        @Test("A kept connection that was closed meanwhile: GET is sent once more, POST is not")
        func retry() throws {
            for method in ["GET", "POST"] {
                try World.run(configure: { $0.workers = 1 }, script: Self.serve) { world in
                    let client = try world.gateway.connect()
                    #expect(try client.request("GET", "/kept", token: world.token).text == "kept")
                    let response = try client.request(
                        method, "/stale", token: world.token, body: method == "POST" ? "body" : nil)
                    let times = world.upstream.requests(for: "/stale").count
                    if method == "GET" {
                        #expect(response.status == 200 && response.text == "retried" && times == 2)
                    } else {
                        #expect(try Status(response).isFailure(502) && times == 1)
                    }
                }
            }
        }

        @Test("A connection that the upstream closed while it was idle is not used again")
        func closedIdle() throws {
            let script: ScriptedUpstream.Script = { connection in
                _ = try connection.readHead()
                connection.answer(body: "once")
            }
            try World.run(configure: { $0.workers = 1 }, script: script) { world in
                let client = try world.gateway.connect()
                let before = world.upstream.ledger.accepted
                for _ in 0..<3 {
                    #expect(try client.request("POST", "/", token: world.token, body: "x").text == "once")
                    try wait("the upstream's close") { world.upstream.ledger.open == 0 }
                    sleep(for: .milliseconds(20))
                }
                #expect(world.upstream.ledger.accepted == before + 3)
            }
        }

        @Test("Bytes beyond a response's end never answer the next request")
        func tooMuch() throws {
            try World.run(configure: { $0.workers = 1 }, script: Self.serve) { world in
                let client = try world.gateway.connect()
                let first = try client.request("GET", "/too-much", token: world.token)
                #expect(first.text == "hello")
                #expect(try client.request("GET", "/well", token: world.token).text == "well")
            }
        }
    }
}
