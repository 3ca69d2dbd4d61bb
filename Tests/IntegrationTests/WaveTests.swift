// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The failure that lychgate exists to prevent, twenty thousand times. Last of all by its name: for a minute afterwards
    /// the kernel's table is long with connections in TIME_WAIT, and reading it slow.
    @Suite(.timeLimit(.minutes(10)))
    struct WaveTests {
        static let waves = 10
        static let clientsPerWave = 2_000

        @Test("20,000 abandoned requests to an upstream that never answers leave nothing behind")
        func abandoned() throws {
            let script: ScriptedUpstream.Script = { connection in
                _ = try connection.readHead()
                connection.readUntilClose()
            }
            try World.run(
                configure: { $0.deadlines = ["firstResponseByte": "10m", "request": "10m"] }, script: script
            ) { world in
                var table = FiguresTable(
                    "20,000 abandoned requests",
                    columns: ["wave", "s", "ms to the last upstream end", "process levels"])
                var first: [ProcessFigures] = []
                var last: [ProcessFigures] = []
                for wave in 1...Self.waves {
                    let start = ContinuousClock.now
                    let ended = try Self.abandon(wave: wave, in: world)
                    let isCompared = wave == 1 || wave == Self.waves
                    let levels = isCompared ? Self.settledLevels(of: world) : world.gateway.processes()
                    if wave == 1 { first = levels }
                    last = levels
                    table.add(
                        "\(wave)", ((ContinuousClock.now - start).milliseconds / 1_000).rounded(to: 1),
                        ended.rounded(to: 0),
                        levels.map { "\($0.descriptors) fd \($0.rssAnon.mebibytes) MiB" }.joined(separator: ", "))
                }
                table.print()

                #expect(last.map(\.identifier) == first.map(\.identifier), "a process was replaced")
                for (before, after) in zip(first, last) {
                    Self.expectLevel(before.descriptors, after.descriptors, slack: 0, "descriptors of \(after.command)")
                    // A page or two moves in any process; 5 % of a small one is less than that.
                    Self.expectLevel(before.rssAnon, after.rssAnon, slack: 128 << 10, "RssAnon of \(after.command)")
                }
                #expect(world.upstream.ledger.accepted >= Self.waves * Self.clientsPerWave)
                #expect(world.upstream.ledger.open == 0)
                let lingering = KernelSocket.towards(
                    world.upstream.endpoint.port, in: [.established, .closeWait, .synSent])
                #expect(lingering.isEmpty, "\(lingering.count) connections to the upstream are left in the kernel")
                let status = try world.gateway.status()
                #expect(status.orphans == 0)
            }
        }

        /// Opens the wave's requests, leaves them in all three ways, and returns the milliseconds from the last client's end
        /// to the last upstream's.
        private static func abandon(wave: Int, in world: World) throws -> Double {
            let target = "/wave/\(wave)"
            let threads = 4
            let clients = Cell<[RawClient]>([])
            let failures = Cell(0)
            Harness.concurrently(threads) { _ in
                var mine: [RawClient] = []
                for _ in 0..<clientsPerWave / threads {
                    if let client = try? world.gateway.connect() {
                        client.send("GET", target, token: world.token)
                        mine.append(client)
                    } else {
                        failures.update { $0 += 1 }
                    }
                }
                let opened = mine
                clients.update { $0 += opened }
            }
            #expect(failures.value == 0, "connections that failed in wave \(wave)")
            let expected = clients.value.count
            let all = eventually(within: .seconds(60), every: .milliseconds(20)) {
                world.upstream.requestCount(for: target) == expected
            }
            #expect(
                all, "\(world.upstream.requestCount(for: target)) of \(expected) reached the upstream in wave \(wave)")
            for (index, client) in clients.value.enumerated() {
                switch index % 3 {
                case 0: client.wire.close()
                case 1: client.wire.reset()
                default: client.wire.closeAbruptly()
                }
            }
            let left = ContinuousClock.now
            let gone = eventually(within: .seconds(10), every: .milliseconds(2)) { world.upstream.ledger.open == 0 }
            let took = (ContinuousClock.now - left).milliseconds
            #expect(gone, "\(world.upstream.ledger.open) upstream connections are left after wave \(wave)")
            #expect(world.gateway.waitUntilIdle(within: .seconds(5)))
            return took
        }

        /// Every process's figures once they have stood still for a while: memory goes back some time after its use.
        private static func settledLevels(of world: World) -> [ProcessFigures] {
            var levels = world.gateway.processes()
            var still = 0
            let deadline = Deadline.after(.seconds(10))
            while still < 8 && !deadline.hasPassed {
                sleep(for: .milliseconds(250))
                let now = world.gateway.processes()
                let moved = zip(levels, now).contains { abs($0.rssAnon - $1.rssAnon) > 64 << 10 }
                still = moved || now.count != levels.count ? 0 : still + 1
                levels = now
            }
            return levels
        }

        private static func expectLevel(_ before: Int, _ after: Int, slack: Int, _ what: String) {
            let allowed = Double(before) * 1.05 + Double(slack)
            #expect(Double(after) <= allowed, "\(what): \(before) after the first wave, \(after) after the last")
        }
    }
}
