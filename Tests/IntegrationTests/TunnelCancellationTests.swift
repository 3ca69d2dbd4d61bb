// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// No orphans in tunnels: whatever one carries, its client's end is its end, and so is its deadline.
    @Suite(.timeLimit(.minutes(5)))
    struct TunnelCancellationTests {
        static let limit = CancellationTimes.worst
        static let rounds = 2

        enum State: String, CaseIterable {
            case pending = "before the 101"
            case idle = "open, idle"
            case flowing = "bytes both ways"
            case heldUpstream = "upstream not reading"
            case heldClient = "client not reading"
        }

        /// By the first component of the target.
        static let serve: ScriptedUpstream.Script = { connection in
            let head = try connection.readHead()
            guard let state = State.allCases.first(where: { head.target.hasPrefix("/\($0)/") }) else {
                return connection.answer(fields: ["Connection: close"], body: "ok")
            }
            if state == .pending { return connection.readUntilClose() }
            connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                    + "Upgrade: \(head["upgrade"] ?? "none")\r\n\r\n")
            switch state {
            case .pending, .idle: connection.readUntilClose()
            case .flowing:
                while true {
                    connection.write("tick")
                    switch connection.wire.read(by: .after(.milliseconds(10))) {
                    case .bytes, .timedOut: continue
                    case let end: return connection.noteClose(end)
                    }
                }
            case .heldUpstream: connection.waitForPeerClose()
            case .heldClient:
                let piece = [UInt8](repeating: 0x78, count: 32_768)
                while connection.wire.write(piece, by: .after(.milliseconds(300))) == .all {}
                connection.mark("blocked")
                connection.waitForPeerClose()
            }
        }

        @Test(
            "A client's end reaches the upstream in every state of a tunnel, and nothing is left",
            arguments: ["SPDY/3.1", "websocket"])
        func clientLeaves(upgrade: String) throws {
            try World.run(receiveBuffer: 65_536, script: Self.serve) { world in
                let baseline = try HTTP2CancellationTests.baseline(of: world)
                var table = FiguresTable(
                    "\(upgrade) tunnel: client's end to upstream's end, ms (\(Self.rounds) rounds; promised 100)",
                    columns: ["state"] + Leaving.allCases.map(\.rawValue))
                var number = 0
                for state in State.allCases {
                    var cells = [state.rawValue]
                    var times = CancellationTimes()
                    for leaving in Leaving.allCases {
                        // What the client has sent before must still be delivered: `TunnelTests.unreadEnd`. And
                        // close_notify ends one way only, of which an upstream that does not read learns nothing.
                        let isUnseen = state == .heldClient && leaving == .closeNotify
                        if isUnseen || state == .heldUpstream && leaving != .reset {
                            cells.append("-")
                            continue
                        }
                        var worst = 0.0
                        for _ in 0..<Self.rounds {
                            number += 1
                            let closes = world.upstream.closes.count
                            let client = try Self.open(state, number, upgrade, world)
                            let left = ContinuousClock.now
                            switch leaving {
                            case .fin: client.wire.sendFIN()
                            case .reset: client.wire.reset()
                            case .closeNotify: client.wire.finishSending()
                            }
                            let seen = eventually(within: Self.limit, every: .milliseconds(1)) {
                                world.upstream.closes.count > closes
                            }
                            let at = seen ? world.upstream.closes.last?.at ?? .now : .now
                            #expect(seen, "\(state.rawValue), \(leaving.rawValue)")
                            times.add((at - left).milliseconds)
                            worst = max(worst, (at - left).milliseconds)
                            client.wire.close()
                        }
                        HTTP2CancellationTests.expectClean(world, baseline, "\(state.rawValue), \(leaving.rawValue)")
                        cells.append(worst.rounded(to: 1))
                    }
                    times.expectPromise(state.rawValue)
                    table.add(cells)
                }
                table.print()
                #expect(try world.gateway.status().orphans == 0)
            }
        }

        @Test("A tunnel in which nothing flows ends at its deadline in every state, and nothing is left")
        func deadlines() throws {
            try World.run(
                receiveBuffer: 65_536, configure: { $0.deadlines = ["tunnelIdle": "1s", "firstResponseByte": "1s"] },
                script: Self.serve
            ) { world in
                let baseline = try HTTP2CancellationTests.baseline(of: world)
                var table = FiguresTable(
                    "tunnel: deadline of 1 s to upstream's end", columns: ["state", "ms after it"])
                for (number, state) in State.allCases.enumerated() where state != .flowing {
                    let start = ContinuousClock.now
                    let closes = world.upstream.closes.count
                    let client = try Self.open(state, number, "SPDY/3.1", world)
                    let inState = ContinuousClock.now
                    let seen = eventually(within: .seconds(4), every: .milliseconds(1)) {
                        world.upstream.closes.count > closes
                    }
                    let late = (ContinuousClock.now - inState).milliseconds - 1_000
                    #expect(seen, "\(state.rawValue)")
                    #expect(
                        late > -(inState - start).milliseconds - 50 && late < Self.limit.milliseconds,
                        "\(state.rawValue): \(late)")
                    table.add(state.rawValue, late.rounded(to: 1))
                    client.wire.close()
                    HTTP2CancellationTests.expectClean(world, baseline, state.rawValue)
                }
                table.print()
            }
        }

        /// Returns when the tunnel is in its state.
        private static func open(
            _ state: State, _ number: Int, _ upgrade: String, _ world: World
        ) throws -> RawClient {
            let client = try world.gateway.connect(receiveBuffer: state == .heldClient ? 65_536 : nil)
            let target = "/\(state)/\(number)"
            client.ask(for: target, token: world.token, upgrade: upgrade)
            guard state != .pending else {
                try wait("the request's head") { world.upstream.requestCount(for: target) == 1 }
                return client
            }
            let head = try client.reader.readHead(by: .after(.seconds(10)))
            guard head.status == 101 else { throw HarnessError.unexpected(head.startLine) }
            switch state {
            case .pending, .idle: break
            case .flowing:
                for _ in 0..<3 {
                    client.wire.write("tock")
                    _ = try client.reader.readSome(by: .after(.seconds(5)))
                }
            case .heldUpstream: CancellationCase.fill(client)
            case .heldClient:
                try wait("the upstream to be held up") { world.upstream.isMarked("blocked", for: target) }
            }
            return client
        }
    }
}
