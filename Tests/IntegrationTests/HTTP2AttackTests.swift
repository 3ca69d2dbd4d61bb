// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Clients that abuse HTTP/2: each is cut with ENHANCE_YOUR_CALM, counted, and nobody else's trouble. All share one
    /// worker with their victim. `make attacks SECONDS=60` goes on with each for so long, or with `ATTACK=NAME` only.
    @Suite(.timeLimit(.minutes(60)))
    struct HTTP2AttackTests {
        /// Seconds of each attack; nil: one connection of each.
        static let seconds = ProcessInfo.processInfo.environment["LYCHGATE_ATTACK_SECONDS"].flatMap(Double.init)

        /// Each attack, the counter that its end is found under, and the code of the GOAWAY that ends it. Two are errors
        /// of the whole connection by the protocol itself; and who does not read does not see it.
        static let attacks: [(name: String, kind: String, codes: Set<String>)] = [
            ("rapid-reset", "rapid_resets", ["11"]), ("late-reset", "rapid_resets", ["11"]),
            ("made-you-reset", "provoked_resets", ["11"]),
            ("long-body", "provoked_resets", ["11"]), ("bad-field", "provoked_resets", ["11"]),
            ("too-many-streams", "provoked_resets", ["11"]), ("zero-increment", "protocol_errors", ["1"]),
            ("data-behind-end", "protocol_errors", ["5"]), ("continuation", "head_floods", ["11"]),
            ("empty-continuation", "head_floods", ["11"]), ("header-bomb", "head_floods", ["11"]),
            ("trailer-bomb", "head_floods", ["11"]),
            ("settings", "control_floods", ["11"]), ("ping", "control_floods", ["11"]),
            ("unread-ping", "control_floods", ["11", "None"]), ("priority", "control_floods", ["11"]),
            ("unknown", "control_floods", ["11"]), ("window-updates", "control_floods", ["11"]),
            ("empty-data", "empty_frame_floods", ["11"]), ("padded-data", "empty_frame_floods", ["11"]),
            ("zero-window", "stalls", ["11"]),
        ]

        /// The attacker shares a core with the victim and the API server, and is not to be in their way there: what is
        /// measured is what it does to the gateway.
        static let outOfTheWay = ["/usr/bin/nice", "--adjustment=19"]

        struct Attack: Decodable {
            let connections: Int
            let cut: Int
            let codes: [String: Int]
            let bytes: Int
            let slowest: Double
            let failed: Int
        }

        struct Victim: Decodable {
            let served: Int
            let failures: [String]
            let p50: Double
            let p99: Double
            let max: Double
        }

        @Test("Each attack is cut and counted while others are served; a client that falls silent is noticed")
        func attacks() throws {
            let admin = try Endpoint.free()
            let upstream = try LightUpstream(wrapper: Self.seconds == nil ? [] : HTTP2Script.besideWorker)
            defer { upstream.stop() }
            try World.run(
                upstreamTLS: false,
                configure: {
                    $0.upstream = upstream.endpoint
                    $0.workers = 1
                    $0.admin = admin
                    if Self.seconds != nil { $0.cpuAffinity = "auto" }
                    $0.deadlines = ["bodyProgress": "1s"]
                }
            ) { world in
                let frozen = try HTTP2Script.start("http2_watches", ["1", "1"], in: world)
                try wait("the watch") { frozen.output.contains("open 1") }
                #expect(try upstream.held() == 1)
                frozen.signal(SIGSTOP)
                let stopped = ContinuousClock.now
                defer { frozen.signal(SIGKILL) }

                try Self.seconds.map { try Self.long($0, world, admin) } ?? Self.short(world, admin)

                // PING after 15 s without a sign, the end after 15 more.
                if Self.seconds == nil {
                    #expect(try upstream.held() == 1)
                    let gone = try eventually(within: .seconds(40)) { try upstream.held() == 0 }
                    let took = (ContinuousClock.now - stopped).milliseconds / 1_000
                    #expect(gone && took > 28 && took < 36, "a frozen client was noticed after \(took) s")
                    var table = FiguresTable("HTTP/2: a frozen client", columns: ["what", "s"])
                    table.add("its watch's upstream ended after", took.rounded(to: 1))
                    table.print()
                }
                #expect(world.gateway.waitUntilIdle(within: .seconds(5)))
            }
        }

        /// One connection of each.
        private static func short(_ world: World, _ admin: Endpoint) throws {
            let before = try metrics(admin)
            let idle = world.gateway.workers().map(\.rssAnon).max() ?? 0
            let victim = try HTTP2Script.start("http2_victim", ["12"], in: world)
            var table = FiguresTable(
                "HTTP/2 attacks, one connection each", columns: ["attack", "cut after, ms", "bytes", "GOAWAY"])
            var expected: [String: Int] = [:]
            for (name, kind, codes) in attacks {
                let attack: Attack = try HTTP2Script.run("http2_abuse", [name], in: world)
                #expect(attack.cut == 1, "\(name): \(attack)")
                #expect(codes.isSuperset(of: attack.codes.keys), "\(name): \(attack)")
                expected[kind, default: 0] += 1
                table.add(
                    name, (attack.slowest * 1_000).rounded(to: 0), "\(attack.bytes)", "\(attack.codes.keys.sorted())")
            }
            let peak = world.gateway.workers().map(\.rssAnon).max() ?? 0
            #expect(victim.waitForExit(within: .seconds(60)) == .code(0), "\(victim.errors)")
            let served: Victim = try HTTP2Script.decode(victim.output)
            #expect(served.failures == [] && served.p99 < 1_000, "\(served)")
            table.add("victim's p99, ms", served.p99.rounded(to: 1), "", "")
            table.add("worker, MiB above idle", (peak - idle).mebibytes, "", "")
            table.print()
            #expect(peak - idle < 32 << 20)
            let after = try metrics(admin)
            for (kind, count) in expected {
                let counted = value(after, kind) - value(before, kind)
                #expect(counted == Double(count), "\(kind): \(counted) of \(count)")
            }
        }

        /// Each for so long, beside a victim that is measured alone and beside ordinary requests as well.
        private static func long(_ seconds: Double, _ world: World, _ admin: Endpoint) throws {
            var table = FiguresTable(
                "HTTP/2 attacks, \(Int(seconds)) s each",
                columns: [
                    "attack", "connections cut", "slowest cut, ms", "MiB sent", "victim's p50, ms", "p99, ms",
                    "× alone", "× beside requests", "worker, peak MiB",
                ])
            func measure(_ name: String?) throws -> (victim: Victim, attack: Attack?, peak: Int) {
                let victim = try HTTP2Script.start(
                    "http2_victim", ["\(seconds)"], in: world, wrapper: HTTP2Script.besideWorker)
                let attacker = try name.map {
                    try HTTP2Script.start(
                        "http2_abuse", [$0, "\(seconds)"], in: world,
                        wrapper: HTTP2Script.besideWorker + Self.outOfTheWay)
                }
                var peak = 0
                let over = eventually(within: .seconds(seconds + 60), every: .milliseconds(50)) {
                    peak = max(peak, world.gateway.workers().map(\.rssAnon).max() ?? 0)
                    return victim.waitForExit(within: .zero) != nil
                }
                #expect(over, "\(victim.errors)")
                let ended = attacker?.waitForExit(within: .seconds(60))
                #expect(ended == nil || ended == .code(0), "\(attacker?.errors ?? "")")
                let attack: Attack? = try attacker.map { try HTTP2Script.decode($0.output) }
                return (try HTTP2Script.decode(victim.output), attack, peak)
            }
            let alone = try measure(nil)
            let beside = try measure("harmless")
            for (name, found) in [("(none)", alone), ("(ordinary requests)", beside)] {
                table.add(
                    name, "", "", "", found.victim.p50.rounded(to: 2), found.victim.p99.rounded(to: 2), "", "",
                    found.peak.mebibytes)
            }
            let only = ProcessInfo.processInfo.environment["LYCHGATE_ATTACK"] ?? ""
            for (name, kind, _) in attacks where only.isEmpty || name == only {
                let before = try metrics(admin)
                let found = try measure(name)
                let attack = try #require(found.attack)
                let after = try metrics(admin)
                #expect(found.victim.failures == [], "\(name): \(found.victim)")
                #expect(found.victim.p99 <= 3 * alone.victim.p99, "\(name): \(found.victim)")
                // The time may end in the middle of the last one.
                #expect(attack.cut >= attack.connections - attack.failed - 1 && attack.cut > 0, "\(name): \(attack)")
                #expect(value(after, kind) - value(before, kind) >= Double(attack.cut), "\(name)")
                #expect(found.peak - alone.peak < 32 << 20, "\(name)")
                table.add(
                    name, "\(attack.cut)", (attack.slowest * 1_000).rounded(to: 0), attack.bytes.mebibytes,
                    found.victim.p50.rounded(to: 2), found.victim.p99.rounded(to: 2),
                    (found.victim.p99 / alone.victim.p99).rounded(to: 1),
                    (found.victim.p99 / beside.victim.p99).rounded(to: 1), found.peak.mebibytes)
            }
            table.print()
        }

        private static func value(_ metrics: Metrics, _ kind: String) -> Double {
            metrics.value("http2_abuse_total", ["kind": kind]) ?? 0
        }

        private static func metrics(_ admin: Endpoint) throws -> Metrics {
            let finished = try ChildProcess.run("curl", ["--silent", "--max-time", "10", "http://\(admin)/metrics"])
            return try Metrics(finished.output)
        }
    }
}
