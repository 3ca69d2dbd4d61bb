// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// No orphans: whatever a request is doing, its client's end is its end, and a deadline is one too.
    @Suite(.timeLimit(.minutes(5)))
    struct CancellationTests {
        static let limit = CancellationTimes.worst
        static let rounds = 3

        @Test("A client's end reaches the upstream in every state, and nothing is left behind")
        func clientLeaves() throws {
            let issuer = try TestIssuer(Certificates.shared.get())
            defer { issuer.stop() }
            try World.run(receiveBuffer: 65_536, issuer: issuer, script: ExchangeState.serve) { world in
                let baseline = try Self.baseline(of: world)
                var table = FiguresTable(
                    "client's end to upstream's end, ms (3 rounds; promised 100)",
                    columns: ["state"] + Leaving.allCases.map(\.rawValue))
                var number = 0
                for state in ExchangeState.allCases {
                    try Self.prepare(world, for: state)
                    var cells = [state.rawValue]
                    var times = CancellationTimes()
                    for leaving in Leaving.allCases {
                        // In-band bytes behind a body that nobody reads: see `unreachable`.
                        if state == .pausedRequest && leaving == .closeNotify {
                            cells.append("-")
                            continue
                        }
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
            }
        }

        @Test("A deadline ends a request in every state, and nothing is left behind")
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
                    "deadline of 1 s to upstream's end", columns: ["state", "ms after it", "client saw"])
                for (index, state) in ExchangeState.allCases.enumerated() {
                    try Self.prepare(world, for: state)
                    let start = ContinuousClock.now
                    let closes = world.upstream.closes.count
                    // A response that streams has no deadline; one that stalls has.
                    let running =
                        state == .streamingResponse
                        ? try Self.stalled(index, world)
                        : try CancellationCase(state, number: index, reachable: false, in: world)
                    let inState = ContinuousClock.now
                    // Before there is an upstream, the end is what the client is told.
                    var saw = state.hasUpstream ? "" : Self.outcome(of: running, state)
                    expectEventually(
                        "\(state.rawValue): no end within 4 s", within: .seconds(4), every: .milliseconds(1)
                    ) { !state.hasUpstream || world.upstream.closes.count > closes }
                    let late = (ContinuousClock.now - inState).milliseconds - 1_000
                    if state.hasUpstream { saw = Self.outcome(of: running, state) }
                    // Its clock started somewhere between `start` and `inState`, or later where kernels still moved bytes.
                    let early = (inState - start).milliseconds
                    #expect(late > -early - 50 && late < Self.limit.milliseconds, "\(state.rawValue)")
                    table.add(state.rawValue, late.rounded(to: 1), saw)
                    running.client.wire.close()
                    Self.expectClean(world, baseline, state.rawValue)
                    world.upstream.withholdsHandshake = false
                    issuer.set(.answers)
                }
                table.print()
            }
        }

        @Test("An end that cannot reach us, behind a body that nobody reads, is left to the no-progress deadline")
        func unreachable() throws {
            try World.run(
                receiveBuffer: 65_536, configure: { $0.deadlines = ["bodyProgress": "1s"] },
                script: ExchangeState.serve
            ) { world in
                let baseline = try Self.baseline(of: world)
                for (index, leaving) in [Leaving.fin, .closeNotify].enumerated() {
                    let client = try world.gateway.connect()
                    let target = "/plug/\(index)"
                    client.send("POST", target, token: world.token, fields: ["Content-Length: 1000000000"])
                    CancellationCase.fill(client)
                    if leaving == .fin { client.wire.sendFIN() } else { client.wire.finishSending() }
                    let close = world.upstream.close(of: target, within: .seconds(4))
                    #expect(close != nil, "\(leaving.rawValue)")
                    client.wire.close()
                    Self.expectClean(world, baseline, leaving.rawValue)
                }
            }
        }

        @Test("A client that leaves while the upstream's backlog is full takes the half-open connection with it")
        func fullBacklog() throws {
            try World.run { world in
                // A worker is ready once it has reached the API server: only then does that stop to accept.
                world.upstream.stop()
                let backlog = try FullBacklog(on: world.upstream.endpoint)
                defer { backlog.close() }
                let mine = { KernelSocket.towards(backlog.endpoint.port, in: [.synSent]).count }
                let before = mine()
                var worst = 0.0
                for leaving in Leaving.allCases {
                    let client = try world.gateway.connect()
                    client.send("GET", "/never", token: world.token)
                    try wait("the gateway's SYN") { mine() == before + 1 }
                    let left = ContinuousClock.now
                    switch leaving {
                    case .fin: client.wire.sendFIN()
                    case .reset: client.wire.reset()
                    case .closeNotify: client.wire.finishSending()
                    }
                    expectEventually(within: Self.limit, every: .milliseconds(1)) { mine() == before }
                    worst = max(worst, (ContinuousClock.now - left).milliseconds)
                    client.wire.close()
                    #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
                }
                var table = FiguresTable("client's end to the SYN's end", columns: ["state", "ms"])
                table.add("upstream backlog full", worst.rounded(to: 1))
                table.print()
            }
        }

        // MARK: Steps

        /// Warms every worker up, and returns the descriptors of the supervisor and the gateway workers at rest.
        private static func baseline(of world: World) throws -> [Int32: Int] {
            for _ in 0..<8 {
                let client = try world.gateway.connect()
                #expect(try client.request("GET", "/warm", token: world.token).status == 200)
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

        private static func expectClean(_ world: World, _ baseline: [Int32: Int], _ what: String) {
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

        private static func prepare(_ world: World, for state: ExchangeState) throws {
            if state == .connectingTLS { world.upstream.withholdsHandshake = true }
            if state == .identity { world.issuer.set(.hangs) }
        }

        /// Milliseconds from the client's end to the upstream's, or, before there is an upstream, to the exchange's.
        private static func measure(
            _ state: ExchangeState, _ leaving: Leaving, _ number: Int, _ world: World
        ) throws -> Double {
            let closes = world.upstream.closes.count
            let running = try CancellationCase(state, number: number, in: world)
            let left = ContinuousClock.now
            running.leave(leaving)
            var end = left + limit
            if state.hasUpstream {
                let seen = eventually(within: limit, every: .milliseconds(1)) { world.upstream.closes.count > closes }
                if seen, let close = world.upstream.closes.last { end = close.at }
            } else if try eventually(within: limit, every: .milliseconds(1), { try world.gateway.status().isIdle }) {
                end = .now
            }
            // After a FIN or a close_notify the client's own descriptor is still open.
            running.client.wire.close()
            return (end - left).milliseconds
        }

        private static func stalled(_ number: Int, _ world: World) throws -> CancellationCase {
            let client = try world.gateway.connect()
            let target = "/stall/\(number)"
            client.send("GET", target, token: world.token)
            _ = try client.reader.readHead(by: .after(.seconds(5)))
            return CancellationCase(client: client, target: target)
        }

        /// What the client gets when the gateway gives up: a Status, or an end that cannot be taken for a whole body.
        private static func outcome(of running: CancellationCase, _ state: ExchangeState) -> String {
            if state == .streamingResponse || state == .pausedResponse {
                let end = running.client.drain(by: .after(.seconds(10)))
                #expect(end == .truncated || end == .reset || end == .finished, "\(state.rawValue)")
                return end.map { "\($0)" } ?? "nothing"
            }
            guard let response = try? running.client.reader.readResponse(by: .after(.seconds(5))) else {
                #expect(state == .headIncomplete || state == .pausedRequest, "\(state.rawValue): no answer")
                return "no answer"
            }
            #expect((try? Status(response))?.isFailure(response.status) ?? false, "\(response.text)")
            let expected = state == .headIncomplete || state == .streamingRequest ? [408] : [504, 408]
            #expect(expected.contains(response.status), "\(state.rawValue): \(response.status)")
            return "\(response.status)"
        }
    }
}
