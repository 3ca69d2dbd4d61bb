// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// What comes behind a 101, byte for byte, and each of its ends. `TunnelClientTests` has real clients.
    @Suite(.timeLimit(.minutes(5)))
    struct TunnelTests {
        /// What fails a test. What we promise is 100 ms, and the table shows it; this machine may be busy.
        static let limit = Duration.seconds(1)

        // MARK: Bytes

        @Test("16 MiB each way, byte for byte, and half-close from the client", arguments: [true, false])
        func echo(upstreamTLS: Bool) throws {
            try World.run(upstreamTLS: upstreamTLS, script: TunnelUpstream.serve) { world in
                let client = try world.gateway.connect()
                let head = try client.openTunnel("/echo/1", in: world)
                #expect(head["upgrade"] == "SPDY/3.1" && head["connection"]?.lowercased() == "upgrade")
                #expect(head["x-stream-protocol-version"] == "v4.channel.k8s.io")
                let seen = try #require(world.upstream.requests(for: "/echo/1").first)
                #expect(seen["upgrade"] == "SPDY/3.1" && seen["connection"] == "Upgrade")
                #expect(seen["x-stream-protocol-version"] == "v4.channel.k8s.io")
                #expect(seen["authorization"] == nil && seen["impersonate-user"] == "alice")
                #expect(try world.gateway.status().inFlight == 1)

                let total = 16 << 20
                let window = 1 << 18
                let checker = Pattern.Checker()
                var sent = 0
                while checker.count < total {
                    if sent < total, sent - checker.count < window {
                        let piece = Array(Pattern.bytes(at: sent, count: 65_536))
                        #expect(client.wire.write(piece, by: .after(.seconds(20))) == .all)
                        sent += piece.count
                    } else {
                        checker.take(try client.reader.readSome(by: .after(.seconds(20))))
                    }
                }
                #expect(checker.matches(total))

                client.wire.finishSending()
                let rest = client.readToEnd()
                #expect(String(decoding: rest.bytes, as: UTF8.self) == "the last word")
                #expect(rest.how == .finished)
                #expect(world.upstream.isMarked("finished", for: "/echo/1"))
                client.wire.close()
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
                #expect(world.gateway.logs(#""status":101,"end":"completed","bytes_in":16777216"#))
            }
        }

        @Test("Half-close from the API server: what the client still sends arrives", arguments: [true, false])
        func upstreamFinishesFirst(upstreamTLS: Bool) throws {
            try World.run(upstreamTLS: upstreamTLS, script: TunnelUpstream.serve) { world in
                let client = try world.gateway.connect()
                _ = try client.openTunnel("/first/1", in: world)
                let end = client.readToEnd()
                #expect(end.bytes == Array("hello".utf8) && end.how == .finished)
                for _ in 0..<3 {
                    client.wire.write("still here")
                    sleep(for: .milliseconds(50))
                }
                client.wire.finishSending()
                try wait("the end upstream") { world.upstream.isMarked("finished after 30", for: "/first/1") }
                client.wire.close()
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        @Test("What a client sends before the 101 goes into the tunnel", arguments: [17, 300_000])
        func earlyBytes(count: Int) throws {
            try World.run(script: TunnelUpstream.serve) { world in
                let client = try world.gateway.connect()
                // Would be a request, if it were read as one.
                let early = Array("GET /plain/1 HTTP/1.1\r\nHost: a\r\n\r\n".utf8.prefix(count))
                let more = (0..<(count - early.count) / 1_000).flatMap { Pattern.bytes(at: $0 * 1_000, count: 1_000) }
                let sending = Harness.inBackground {
                    client.ask(for: "/late/1", token: world.token, early: early + more)
                    return true
                }
                #expect(sending())
                #expect(try client.reader.readHead(by: .after(.seconds(10))).status == 101)
                var back: [UInt8] = []
                while back.count < early.count + more.count {
                    back += try client.reader.readSome(by: .after(.seconds(10)))
                }
                #expect(back == early + more)
                #expect(world.upstream.requests.map(\.target) == ["/late/1"])
                client.wire.reset()
            }
        }

        // MARK: Refusals

        @Test("A refused upgrade's answer is relayed, and nothing behind the request is taken for another")
        func refused() throws {
            try World.run(script: TunnelUpstream.serve) { world in
                for (number, upgrade) in ["websocket", "SPDY/3.1"].enumerated() {
                    let client = try world.gateway.connect()
                    let smuggled =
                        "GET /plain/smuggled HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(world.token)\r\n\r\n"
                    client.ask(
                        for: "/refuse/\(number)", token: world.token, upgrade: upgrade, early: Array(smuggled.utf8))
                    let response = try client.reader.readResponse(by: .after(.seconds(10)))
                    #expect(response.status == 403 && response.text == "no exec here")
                    #expect(response.head["x-why"] == "not today")
                    #expect(response.head["connection"] == "close")
                    #expect(client.readToEnd().how == .finished)
                }
                #expect(world.upstream.requestCount(for: "/plain/smuggled") == 0)
                let unauthenticated = try world.gateway.connect()
                unauthenticated.ask(for: "/echo/1", token: nil)
                let response = try unauthenticated.reader.readResponse(by: .after(.seconds(10)))
                #expect(try response.status == 401 && Status(response).isFailure(401))
                #expect(unauthenticated.readToEnd().how == .finished)
            }
        }

        @Test("An upgrade with a body is refused, and so is a 101 that nobody asked for")
        func invalid() throws {
            try World.run(script: TunnelUpstream.serve) { world in
                let withBody = try world.gateway.connect()
                withBody.ask(for: "/echo/body", token: world.token, fields: ["Content-Length: 3"], early: [1, 2, 3])
                let refused = try withBody.reader.readResponse(by: .after(.seconds(10)))
                #expect(try refused.status == 400 && Status(refused).isFailure(400))
                #expect(withBody.readToEnd().how == .finished)
                #expect(world.upstream.requestCount(for: "/echo/body") == 0)

                let unasked = try world.gateway.connect()
                #expect(try unasked.request("GET", "/echo/unasked", token: world.token).status == 502)
                for target in ["/wrong/1", "/unnamed/1"] {
                    let other = try world.gateway.connect()
                    other.ask(for: target, token: world.token)
                    #expect(try other.reader.readResponse(by: .after(.seconds(10))).status == 502, "\(target)")
                }
                // What we do not forward is an ordinary request.
                let unknown = try world.gateway.connect()
                unknown.ask(for: "/plain/1", token: world.token, upgrade: "h2c")
                #expect(try unknown.reader.readResponse(by: .after(.seconds(10))).status == 200)
                #expect(world.upstream.requests(for: "/plain/1").first?["upgrade"] == nil)
            }
        }

        @Test("A browser's token among the subprotocols is judged, and never forwarded")
        func tokenAsSubprotocol() throws {
            try World.run(script: TunnelUpstream.serve) { world in
                func ask(_ target: String, _ token: String) throws -> Int {
                    let encoded = Data(token.utf8).base64EncodedString().replacing("+", with: "-")
                        .replacing("/", with: "_").replacing("=", with: "")
                    let client = try world.gateway.connect()
                    defer { client.wire.reset() }
                    client.ask(
                        for: target, token: nil, upgrade: "websocket",
                        fields: [
                            "Sec-WebSocket-Protocol: v5.channel.k8s.io, "
                                + "base64url.bearer.authorization.k8s.io.\(encoded), v4.channel.k8s.io"
                        ])
                    return try client.reader.readHead(by: .after(.seconds(10))).status
                }
                #expect(try ask("/sink/1", world.token) == 101)
                let seen = try #require(world.upstream.requests(for: "/sink/1").first)
                #expect(seen.values("sec-websocket-protocol") == ["v5.channel.k8s.io,v4.channel.k8s.io"])
                #expect(seen["impersonate-user"] == "alice")
                #expect(try ask("/sink/2", "nonsense") == 401)
                #expect(world.upstream.requestCount(for: "/sink/2") == 0)
            }
        }

        // MARK: Ends

        @Test("Each side's loss reaches the other at once", arguments: [true, false])
        func losses(upstreamTLS: Bool) throws {
            try World.run(upstreamTLS: upstreamTLS, script: TunnelUpstream.serve) { world in
                var table = FiguresTable(
                    "end of one side of a tunnel to the other's, ms (promised 100)", columns: ["end", "ms"])
                for (number, name) in ["client RST", "client FIN without close_notify"].enumerated() {
                    var worst = 0.0
                    for round in 0..<3 {
                        let client = try world.gateway.connect()
                        let target = "/sink/\(number)-\(round)"
                        _ = try client.openTunnel(target, in: world)
                        client.wire.write("some bytes")
                        sleep(for: .milliseconds(20))
                        let left = ContinuousClock.now
                        number == 0 ? client.wire.reset() : client.wire.sendFIN()
                        let close = try #require(world.upstream.close(of: target, within: Self.limit), "\(name)")
                        #expect(close.how == .reset && close.bytesRead == 10, "\(name): \(close)")
                        worst = max(worst, (close.at - left).milliseconds)
                        client.wire.close()
                    }
                    #expect(worst < Self.limit.milliseconds)
                    table.add(name, worst.rounded(to: 1))
                }
                // Also while nobody takes anything. (The harness's TLS cannot go on with a write that was held up.)
                let blocked = [("plug", "client RST, upstream not reading"), ("source", "client RST, not reading")]
                for (kind, name) in upstreamTLS ? blocked.dropLast() : blocked[...] {
                    let client = try world.gateway.connect(receiveBuffer: 16_384)
                    let target = "/\(kind)/reset"
                    _ = try client.openTunnel(target, in: world)
                    if kind == "plug" {
                        CancellationCase.fill(client)
                    } else {
                        try wait("the API server to be held up") { world.upstream.isMarked("blocked", for: target) }
                    }
                    let open = world.upstream.ledger.open
                    let left = ContinuousClock.now
                    client.wire.reset()
                    #expect(eventually(within: Self.limit) { world.upstream.ledger.open < open }, "\(name)")
                    table.add(name, (ContinuousClock.now - left).milliseconds.rounded(to: 1))
                }
                // Without TLS, a FIN of the API server's is a proper end.
                for kind in upstreamTLS ? ["resets", "vanishes"] : ["resets"] {
                    let client = try world.gateway.connect()
                    _ = try client.openTunnel("/\(kind)/1", in: world)
                    _ = try client.reader.readSome(by: .after(.seconds(5)))
                    try wait("the API server to leave") { world.upstream.isMarked("leaves", for: "/\(kind)/1") }
                    let left = ContinuousClock.now
                    let end = client.readToEnd()
                    let took = (ContinuousClock.now - left).milliseconds
                    #expect(end.how == .truncated || end.how == .reset, "\(kind): \(end.how)")
                    #expect(took < Self.limit.milliseconds)
                    table.add("upstream \(kind)", took.rounded(to: 1))
                }
                table.print()
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        @Test("An idle tunnel ends at its deadline, one that is used does not, and a half-closed one ends sooner")
        func idle() throws {
            try World.run(
                configure: {
                    $0.deadlines = [
                        "tunnelIdle": "2s", "bodyProgress": "1s", "request": "1s", "requestHead": "1s",
                        "identity": "1s", "upstreamConnect": "1s",
                    ]
                },
                script: TunnelUpstream.serve
            ) { world in
                let idle = try world.gateway.connect()
                let used = try world.gateway.connect()
                let halfClosed = try world.gateway.connect()
                _ = try used.openTunnel("/echo/1", in: world)
                _ = try halfClosed.openTunnel("/plug/1", in: world)
                _ = try idle.openTunnel("/sink/1", in: world)
                let start = ContinuousClock.now
                let idleEnd = Harness.inBackground { (idle.readToEnd().how, ContinuousClock.now - start) }
                halfClosed.wire.finishSending()
                let halfEnd = Harness.inBackground { (halfClosed.readToEnd().how, ContinuousClock.now - start) }
                for _ in 0..<30 {
                    used.wire.write("x")
                    _ = try used.reader.readSome(by: .after(.seconds(2)))
                    sleep(for: .milliseconds(100))
                }
                let (how, took) = idleEnd()
                #expect(how == .truncated || how == .reset)
                #expect(took > .milliseconds(1_900) && took < .milliseconds(2_900), "\(took)")
                let (halfHow, halfTook) = halfEnd()
                #expect(halfHow == .truncated || halfHow == .reset)
                #expect(halfTook > .milliseconds(900) && halfTook < .milliseconds(1_900), "\(halfTook)")
                used.wire.reset()
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
                #expect(world.gateway.logs("deadline_tunnel_idle"))
                #expect(world.gateway.logs("deadline_tunnel_closing"))
            }
        }

        @Test("A side that ends while the other takes nothing is bounded, and costs no processor time meanwhile")
        func unreadEnd() throws {
            try World.run(
                receiveBuffer: 65_536, configure: { $0.deadlines = ["bodyProgress": "2s"] },
                script: TunnelUpstream.serve
            ) { world in
                let client = try world.gateway.connect()
                _ = try client.openTunnel("/plug/1", in: world)
                try CancellationCase.fillUntilUnread(client)
                client.wire.closeAbruptly()
                let before = world.gateway.workers().map(\.processorMilliseconds).reduce(0, +)
                let left = ContinuousClock.now
                let close = try #require(world.upstream.close(of: "/plug/1", within: .seconds(6)))
                #expect(close.at - left < .milliseconds(3_500))
                let used = world.gateway.workers().map(\.processorMilliseconds).reduce(0, +) - before
                #expect(used < 500, "\(used) ms of processor time while nothing moved")
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        // MARK: Bounds

        @Test("A client that does not read holds the API server up, and not our memory")
        func backPressure() throws {
            // Without TLS there, so that the API server can go on with a write that was held up.
            try World.run(upstreamTLS: false, script: TunnelUpstream.serve) { world in
                let before = world.gateway.workers().map(\.rssAnon).max() ?? 0
                let client = try world.gateway.connect(receiveBuffer: 16_384)
                _ = try client.openTunnel("/source/1", in: world)
                try wait("the API server to be held up") { world.upstream.isMarked("blocked", for: "/source/1") }
                let held = world.gateway.workers().map(\.rssAnon).max() ?? 0
                #expect(held - before < 2 << 20, "\(before) before, \(held) while held up")
                try Self.expectQuiet(world, "held up")

                // Near the end both sides have ended their streams, and what is left waits for the client alone.
                client.wire.finishSending()
                let checker = Pattern.Checker()
                while checker.count < TunnelUpstream.flood - (1 << 20) {
                    checker.take(try client.reader.readSome(by: .after(.seconds(20))))
                }
                try Self.expectQuiet(world, "held up at the end")
                while checker.count < TunnelUpstream.flood {
                    checker.take(try client.reader.readSome(by: .after(.seconds(20))))
                }
                #expect(checker.matches(TunnelUpstream.flood))
                #expect(client.readToEnd().how == .finished)
                client.wire.close()
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        /// Nothing moves for a second, so nothing may be done.
        private static func expectQuiet(_ world: World, _ what: String) throws {
            sleep(for: .milliseconds(200))
            let before = world.gateway.workers().map(\.processorMilliseconds).reduce(0, +)
            sleep(for: .seconds(1))
            let spent = world.gateway.workers().map(\.processorMilliseconds).reduce(0, +) - before
            #expect(spent < 200, "\(spent) ms of processor time while \(what)")
        }

        @Test("50 tunnels that their clients leave, in every way, leave nothing")
        func left() throws {
            try World.run(script: TunnelUpstream.serve) { world in
                let warm = try world.gateway.connect()
                #expect(try warm.request("GET", "/plain/1", token: world.token).status == 200)
                warm.wire.close()
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
                let descriptors = world.gateway.descriptors()
                // Connections that the pool keeps.
                let kept = world.upstream.ledger.open
                for wave in 0..<3 {
                    let clients = try (0..<50).map { index in
                        let client = try world.gateway.connect()
                        _ = try client.openTunnel("/echo/\(wave)-\(index)", in: world)
                        client.wire.write("hello")
                        #expect(try client.reader.readSome(by: .after(.seconds(5))).count == 5)
                        return client
                    }
                    #expect(try world.gateway.status().inFlight == 50)
                    for (index, client) in clients.enumerated() {
                        switch index % 3 {
                        case 0: client.wire.close()
                        case 1: client.wire.reset()
                        default: client.wire.closeAbruptly()
                        }
                    }
                    #expect(world.gateway.waitUntilIdle(within: .seconds(3)), "wave \(wave)")
                    #expect(eventually(within: .seconds(2)) { world.upstream.ledger.open <= kept })
                }
                #expect(
                    eventually(within: .seconds(3), every: .milliseconds(20)) {
                        world.gateway.descriptors().allSatisfy { $1 <= descriptors[$0] ?? 0 }
                    }, "\(world.gateway.descriptors()), at first \(descriptors)")
            }
        }

        @Test("A drain leaves tunnels alone to its deadline, and then cuts them")
        func shutdown() throws {
            let world = try World(
                configure: { $0.deadlines = ["drain": "2s", "hardStop": "5s"] }, script: TunnelUpstream.serve)
            let gateway = world.gateway
            let client = try gateway.connect()
            _ = try client.openTunnel("/echo/1", in: world)
            let start = ContinuousClock.now
            let stopping = Harness.inBackground { gateway.stop() }
            for _ in 0..<15 {
                client.wire.write("ping")
                #expect(try client.reader.readSome(by: .after(.seconds(2))).count == 4)
                sleep(for: .milliseconds(100))
            }
            let end = client.readToEnd()
            let took = ContinuousClock.now - start
            #expect(end.how == .truncated || end.how == .reset, "\(end.how)")
            #expect(took > .milliseconds(1_900) && took < .milliseconds(3_500), "cut after \(took)")
            let stopped = stopping()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
            #expect(stopped.took < .seconds(4))
            #expect(eventually(within: .seconds(1)) { world.upstream.ledger.open == 0 })
            world.upstream.stop()
        }
    }
}
