// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// No orphans over HTTP/2: the end of a stream, or of its connection, is the end of what was started for it.
    @Suite(.timeLimit(.minutes(5)))
    struct HTTP2CancellationTests {
        static let limit = CancellationTimes.worst
        static let rounds = 2

        @Test("A stream's end reaches the upstream in every state, leaves nothing, and leaves its connection alone")
        func clientLeaves() throws {
            let issuer = try TestIssuer(Certificates.shared.get())
            defer { issuer.stop() }
            try World.run(receiveBuffer: 65_536, issuer: issuer, script: ExchangeState.serve) { world in
                let baseline = try Self.baseline(of: world)
                var table = FiguresTable(
                    "HTTP/2: client's end to upstream's end, ms (\(Self.rounds) rounds; promised 100)",
                    columns: ["state"] + StreamLeaving.allCases.map(\.rawValue))
                var number = 0
                for state in StreamState.allCases {
                    Self.prepare(world, for: state)
                    var cells = [state.rawValue]
                    var times = CancellationTimes()
                    for leaving in StreamLeaving.allCases {
                        var worst = 0.0
                        for _ in 0..<Self.rounds {
                            number += 1
                            let took = try Self.measure(state, leaving, number, world)
                            times.add(took)
                            worst = max(worst, took)
                        }
                        Self.expectClean(world, baseline, "\(state.rawValue), \(leaving.rawValue)")
                        cells.append(worst.rounded(to: 1))
                    }
                    times.expectPromise(state.rawValue)
                    table.add(cells)
                    world.upstream.withholdsHandshake = false
                    issuer.set(.answers)
                }
                table.print()
                #expect(try world.gateway.status().orphans == 0)
            }
        }

        @Test("A deadline ends a stream in every state but that of a watch, and leaves its connection alone")
        func deadlines() throws {
            let issuer = try TestIssuer(Certificates.shared.get())
            defer { issuer.stop() }
            let names = ["requestHead", "identity", "upstreamConnect", "firstResponseByte", "bodyProgress"]
            try World.run(
                receiveBuffer: 65_536, issuer: issuer,
                configure: { $0.deadlines = Dictionary(uniqueKeysWithValues: names.map { ($0, "1s") }) },
                script: ExchangeState.serve
            ) { world in
                let baseline = try Self.baseline(of: world)
                var table = FiguresTable(
                    "HTTP/2: deadline of 1 s to the stream's end", columns: ["state", "ms after it", "client saw"])
                // A response that streams has no deadline, nor has a watch.
                let states = StreamState.allCases.filter { $0 != .streamingResponse && $0 != .watch }
                for (index, state) in states.enumerated() {
                    Self.prepare(world, for: state)
                    let start = ContinuousClock.now
                    let running = try HTTP2StreamCase(state, number: index, in: world)
                    let inState = ContinuousClock.now
                    let end = running.client.end(of: running.stream, by: .after(.seconds(5)))
                    // Its clock started somewhere between `start` and `inState`, or later where kernels moved bytes.
                    let late = (ContinuousClock.now - inState).milliseconds - 1_000
                    #expect(
                        late > -(inState - start).milliseconds - 50 && late < Self.limit.milliseconds,
                        "\(state.rawValue): \(late)")
                    switch end {
                    case .response(let block):
                        let status = HTTP2Client.status(of: block)
                        #expect(status == 504 || status == 408, "\(state.rawValue): \(end)")
                    case .reset: #expect(state == .pausedResponse, "\(state.rawValue): \(end)")
                    case .none: Issue.record("\(state.rawValue): no end within 5 s")
                    }
                    table.add(state.rawValue, late.rounded(to: 1), "\(end)")
                    world.upstream.withholdsHandshake = false
                    issuer.set(.answers)
                    Self.expectServed(running.client, world, state.rawValue)
                    running.client.wire.close()
                    Self.expectClean(world, baseline, state.rawValue)
                }
                table.print()
            }
        }

        @Test("A head that never ends is nobody's once its client is gone, and ends by its deadline")
        func incompleteHead() throws {
            try World.run(configure: { $0.deadlines = ["requestHead": "1s"] }, script: ExchangeState.serve) { world in
                let baseline = try Self.baseline(of: world)
                var table = FiguresTable(
                    "HTTP/2: half a head, client's end to its connection's end, ms", columns: ["end", "ms"])
                func open(_ what: String) throws -> HTTP2Client {
                    let client = try world.http2Client()
                    // As long as SETTINGS is on its way, it would be that which is waited for.
                    Self.expectServed(client, world, what)
                    _ = client.request("GET", "/silent/half", token: world.token, endsHeaders: false)
                    try wait("the half head to be read") {
                        KernelSocket.pair(of: client.wire).far?.receiveQueue == 0
                    }
                    sleep(for: .milliseconds(20))
                    return client
                }
                var times = CancellationTimes()
                for leaving in [StreamLeaving.fin, .reset, .closeNotify] {
                    for _ in 0..<Self.rounds {
                        let client = try open(leaving.rawValue)
                        let left = ContinuousClock.now
                        switch leaving {
                        case .fin: client.wire.sendFIN()
                        case .reset: client.wire.reset()
                        case .closeNotify, .resetStream: client.wire.finishSending()
                        }
                        let gone = try eventually(within: Self.limit, every: .milliseconds(1)) {
                            try world.gateway.status().connections == 0
                        }
                        #expect(gone, "\(leaving.rawValue)")
                        let took = (ContinuousClock.now - left).milliseconds
                        times.add(took)
                        table.add(leaving.rawValue, took.rounded(to: 1))
                        client.wire.close()
                    }
                }
                times.expectPromise("half a head")
                // Nothing but its rest may come inside of a header block: RST_STREAM is an error of the connection.
                let reset = try open("RST_STREAM")
                reset.reset(3)
                #expect(reset.first(by: .after(.seconds(5))) { $0.kind == .goAway }?.reason == 1)
                reset.wire.close()
                let slow = try open("deadline")
                let start = ContinuousClock.now
                #expect(slow.first(by: .after(.seconds(5))) { $0.kind == .goAway }?.reason == 1)
                let took = (ContinuousClock.now - start).milliseconds
                #expect(took > 850 && took < 2_000, "\(took) ms")
                table.add("deadline of 1 s, after it", (took - 1_000).rounded(to: 1))
                slow.wire.close()
                table.print()
                #expect(world.upstream.requestCount(for: "/silent/half") == 0)
                Self.expectClean(world, baseline, "half a head")
            }
        }

        @Test("A stream that waits for a place in the pool leaves it, in every way and by its deadline")
        func poolWait() throws {
            try World.run(
                configure: {
                    $0.workers = 1
                    $0.pool = ["maxConnections": "1", "maxIdle": "1"]
                    $0.deadlines = ["upstreamConnect": "1s"]
                }, script: ExchangeState.serve
            ) { world in
                let baseline = try Self.baseline(of: world)
                let holder = try world.gateway.connect()
                holder.send("GET", "/silent/holder", token: world.token)
                try wait("the holder") { world.upstream.requestCount(for: "/silent/holder") == 1 }
                var table = FiguresTable("HTTP/2: client's end to the waiting request's end", columns: ["end", "ms"])
                for leaving in StreamLeaving.allCases {
                    let client = try world.http2Client()
                    let stream = client.request("GET", "/silent/waits", token: world.token)
                    try wait("the exchange") { try world.gateway.status().inFlight == 2 }
                    let left = ContinuousClock.now
                    switch leaving {
                    case .resetStream: client.reset(stream)
                    case .fin: client.wire.sendFIN()
                    case .reset: client.wire.reset()
                    case .closeNotify: client.wire.finishSending()
                    }
                    let gone = try eventually(within: Self.limit, every: .milliseconds(1)) {
                        try world.gateway.status().inFlight == 1
                    }
                    #expect(gone, "\(leaving.rawValue)")
                    table.add(leaving.rawValue, (ContinuousClock.now - left).milliseconds.rounded(to: 1))
                    client.wire.close()
                }
                let client = try world.http2Client()
                let start = ContinuousClock.now
                let stream = client.request("GET", "/silent/waits", token: world.token)
                let end = client.end(of: stream, by: .after(.seconds(5)))
                let took = (ContinuousClock.now - start).milliseconds
                #expect(took > 950 && took < 2_000 && "\(end)" == "answer 504", "\(end) after \(took) ms")
                table.add("deadline of 1 s, after it", (took - 1_000).rounded(to: 1))
                table.print()
                #expect(world.upstream.requestCount(for: "/silent/waits") == 0)
                client.wire.close()
                holder.wire.reset()
                Self.expectClean(world, baseline, "pool")
            }
        }

        @Test("A stream that ends while the upstream's backlog is full takes the half-open connection with it")
        func fullBacklog() throws {
            try World.run(configure: { $0.deadlines = ["upstreamConnect": "1s"] }) { world in
                world.upstream.stop()
                let backlog = try FullBacklog(on: world.upstream.endpoint)
                defer { backlog.close() }
                let mine = { KernelSocket.towards(backlog.endpoint.port, in: [.synSent]).count }
                let before = mine()
                var table = FiguresTable("HTTP/2: end to the SYN's end, upstream backlog full", columns: ["end", "ms"])
                for leaving in StreamLeaving.allCases.map(Optional.some) + [nil] {
                    let client = try world.http2Client()
                    let stream = client.request("GET", "/never", token: world.token)
                    try wait("the gateway's SYN") { mine() == before + 1 }
                    var left = ContinuousClock.now
                    switch leaving {
                    case .resetStream: client.reset(stream)
                    case .fin: client.wire.sendFIN()
                    case .reset: client.wire.reset()
                    case .closeNotify: client.wire.finishSending()
                    case nil: left += .seconds(1)
                    }
                    expectEventually(within: Self.limit + .seconds(1), every: .milliseconds(1)) { mine() == before }
                    let took = (ContinuousClock.now - left).milliseconds
                    #expect(took < Self.limit.milliseconds)
                    table.add(leaving?.rawValue ?? "deadline of 1 s, after it", took.rounded(to: 1))
                    client.wire.close()
                    #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
                }
                table.print()
            }
        }

        // MARK: Steps

        private static func prepare(_ world: World, for state: StreamState) {
            if state == .connectingTLS { world.upstream.withholdsHandshake = true }
            if state == .identity { world.issuer.set(.hangs) }
        }

        /// Milliseconds from the client's end to the upstream's, or, before there is an upstream, to the exchange's.
        private static func measure(
            _ state: StreamState, _ leaving: StreamLeaving, _ number: Int, _ world: World
        ) throws -> Double {
            let closes = world.upstream.closes.count
            let running = try HTTP2StreamCase(state, number: number, in: world)
            let left = ContinuousClock.now
            running.leave(leaving)
            var end = left + limit
            if state != .identity {
                let seen = eventually(within: limit, every: .milliseconds(1)) { world.upstream.closes.count > closes }
                if seen, let close = world.upstream.closes.last { end = close.at }
            } else {
                let seen = try eventually(within: limit, every: .milliseconds(1)) {
                    try world.gateway.status().inFlight == 0
                }
                if seen { end = .now }
            }
            if leaving == .resetStream, state != .connectingTLS {
                expectServed(running.client, world, "\(state.rawValue)")
            }
            running.client.wire.close()
            return (end - left).milliseconds
        }

        /// Another stream of the same connection is served.
        private static func expectServed(_ client: HTTP2Client, _ world: World, _ what: String) {
            let stream = client.request("GET", "/warm", token: world.token)
            let end = client.end(of: stream, by: .after(.seconds(5)))
            #expect("\(end)" == "answer 200", "the connection behind: \(what)")
        }

        /// Warms every worker up, and returns the descriptors of the supervisor and the gateway workers at rest.
        static func baseline(of world: World) throws -> [Int32: Int] {
            for _ in 0..<8 {
                let client = try world.http2Client()
                expectServed(client, world, "warming up")
                client.wire.close()
            }
            #expect(world.gateway.waitUntilIdle(within: .seconds(5)))
            sleep(for: .milliseconds(100))
            return descriptors(of: world)
        }

        /// The keyring is left out: it may be asking its issuer just now.
        private static func descriptors(of world: World) -> [Int32: Int] {
            Dictionary(
                uniqueKeysWithValues: world.gateway.processes().filter { !$0.command.contains("keyring") }
                    .map { ($0.identifier, $0.descriptors) })
        }

        static func expectClean(_ world: World, _ baseline: [Int32: Int], _ what: String) {
            #expect(
                world.gateway.waitUntilIdle(within: .seconds(3)),
                "\(what): \((try? world.gateway.status()).map { "\($0)" } ?? "no status")")
            var last: [Int32: Int] = [:]
            let same = eventually(within: .seconds(3), every: .milliseconds(10)) {
                last = descriptors(of: world)
                return last == baseline
            }
            #expect(same, "\(what): descriptors \(last), at first \(baseline)")
            expectEventually(
                "\(what): \(world.upstream.ledger.open) upstream connections are left", within: .seconds(2)
            ) { world.upstream.ledger.open == 0 }
        }
    }
}
