// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Workers are replaced under load, and no client notices.
    @Suite(.timeLimit(.minutes(3)))
    struct RecyclingTests {
        /// Why workers are to be replaced, and what brings that about.
        struct Reason: Sendable {
            let name: String
            var recycling: [String: String] = [:]
            /// What twelve clients ask for besides.
            var burden: String?
            /// They leave again, and a fault of a debug build's worker keeps what they had started.
            var isAbandoned = false
        }

        static let reasons = [
            Reason(name: "max_requests", recycling: ["maxRequests": "100"]),
            Reason(name: "max_age", recycling: ["maxAge": "11s"]),
            Reason(name: "memory_soft", recycling: ["memorySoft": "1MiB"]),
            Reason(name: "in_flight", recycling: ["inFlightLimit": "4"], burden: "/api/v1/pods?watch=true"),
            Reason(name: "orphans", burden: "/stuck", isAbandoned: true),
        ]

        /// What was seen of one gateway.
        private struct Outcome: Sendable {
            var fewestReady = Int.max
            var mostWorkers = 0
            var tally = ConstantLoad.Tally()
            var recycles: [String: Int] = [:]
            var isReplaced = false
            var stopped: GatewayFixture.Stopped?
        }

        private static let serve: ScriptedUpstream.Script = { connection in
            while true {
                let head = try connection.readHead()
                if head.target == "/stuck" { return connection.readUntilClose() }
                guard head.target.contains("watch=true") else {
                    connection.answer(body: "served")
                    continue
                }
                connection.write(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                return connection.readUntilClose()
            }
        }

        private static func burden(_ world: World, with target: String, isAbandoned: Bool) throws -> [RawClient] {
            let clients = try (0..<12).map { _ in
                let client = try world.gateway.connect()
                client.send("GET", target, token: world.token)
                return client
            }
            try wait("the requests upstream") { world.upstream.requestCount(for: target) == 12 }
            if isAbandoned { for client in clients { client.wire.reset() } }
            return clients
        }

        /// Loads a gateway until two of its workers were replaced, or one for what twelve clients did.
        private static func observe(_ reason: Reason) throws -> Outcome {
            let world = try World(
                configure: {
                    $0.recycling = reason.recycling
                    $0.deadlines = ["drain": "2s", "hardStop": "5s"]
                    if reason.isAbandoned { $0.environment = ["LYCHGATE_FAULT": "upstreamLivesOn"] }
                }, script: serve)
            let before = Set(try world.gateway.status().workers.map(\.pid))
            let load = ConstantLoad(world, clients: 2)
            let clients = try reason.burden.map { try burden(world, with: $0, isAbandoned: reason.isAbandoned) } ?? []
            var outcome = Outcome()
            _ = eventually(within: .seconds(60), every: .milliseconds(100)) {
                guard let status = try? world.gateway.status() else { return false }
                outcome.fewestReady = min(outcome.fewestReady, status.readyWorkers.count)
                outcome.mostWorkers = max(outcome.mostWorkers, status.workers.count)
                outcome.recycles = status.recycles
                outcome.isReplaced = !before.isSuperset(of: status.readyWorkers.map(\.pid))
                return (status.recycles[reason.name] ?? 0) >= (reason.burden == nil ? 2 : 1)
            }
            outcome.tally = load.stop()
            for client in clients { client.wire.close() }
            outcome.stopped = world.gateway.stop()
            world.upstream.stop()
            return outcome
        }

        /// Each takes most of its time waiting; so they wait beside one another.
        @Test("Whatever a worker is replaced for while it serves: the new one first, one at a time, no failed request")
        func voluntary() throws {
            let outcomes = Cell([String: Result<Outcome, any Error>]())
            Harness.concurrently(Self.reasons.count) { index in
                let reason = Self.reasons[index]
                let outcome = Result { try Self.observe(reason) }
                outcomes.update { $0[reason.name] = outcome }
            }
            var table = FiguresTable("workers replaced under load", columns: ["reason", "times", "served", "failed"])
            for reason in Self.reasons {
                let outcome = try #require(outcomes.value[reason.name]).get()
                let comment = Comment(rawValue: reason.name)
                #expect(outcome.fewestReady >= 2, comment)
                #expect(outcome.mostWorkers <= 3, comment)
                #expect(outcome.isReplaced && Set(outcome.recycles.keys) == [reason.name], "\(reason): \(outcome)")
                #expect(outcome.tally.failures == [], comment)
                #expect(outcome.tally.served > 200, comment)
                #expect(outcome.stopped?.exit == .code(0) && outcome.stopped?.survivors == [], comment)
                table.add(
                    reason.name, "\(outcome.recycles[reason.name] ?? 0)", "\(outcome.tally.served)",
                    "\(outcome.tally.failures.count)")
            }
            table.print()
        }

        @Test(
            "Without a limit of its own, a worker that is full and refuses requests is replaced; one that is full is not"
        )
        func fullAndRefusing() throws {
            try World.run(
                configure: {
                    $0.workers = 1
                    $0.maxInFlight = 4
                    $0.deadlines = ["drain": "2s", "hardStop": "5s"]
                }, script: Self.serve
            ) { world in
                let watch = "/api/v1/pods?watch=true"
                let watches = try (0..<4).map { _ in
                    let client = try world.gateway.connect()
                    client.send("GET", watch, token: world.token)
                    return client
                }
                try wait("the watches upstream") { world.upstream.requestCount(for: watch) == 4 }
                // Longer than it must have been ready, and than it must last.
                sleep(for: .seconds(17))
                #expect(try world.gateway.status().recycles.isEmpty, "it is full, and does its work")
                let refused = try world.gateway.connect()
                expectEventually(within: .seconds(20), every: .milliseconds(200)) {
                    if (try? refused.request("GET", "/more", token: world.token).status) != 503 { return true }
                    return ((try? world.gateway.status().recycles["in_flight"]) ?? 0) == 1
                }
                expectEventually(within: .seconds(5)) {
                    (try? world.gateway.status().recycles["in_flight"]) == 1
                }
                for client in watches { client.wire.close() }
            }
        }

        @Test(
            "In recycles and in a reload no HTTP/2 request fails, and watches that are held end properly",
            arguments: ["memory_soft", "max_requests", "roll"])
        func watchesAndHTTP2(reason: String) throws {
            struct Tally: Decodable {
                let served: Int
                let errors: [String]
            }
            let recycling = ["memory_soft": ["memorySoft": "1MiB"], "max_requests": ["maxRequests": "100"]]
            let world = try World(
                configure: {
                    $0.recycling = recycling[reason] ?? [:]
                    $0.deadlines = ["drain": "2s", "hardStop": "5s"]
                }, script: Self.serve)
            let watches = try (0..<6).map { _ in try world.gateway.connect() }
            for watch in watches {
                watch.send("GET", "/api/v1/pods?watch=true", token: world.token)
                _ = try watch.reader.readHead(by: .after(.seconds(5)))
            }
            // Workers are not replaced in their first 10 s.
            let load = try HTTP2Script.start("http2_load", ["/api/v1/pods", "14"], in: world)
            if reason == "roll" {
                sleep(for: .seconds(1))
                let path = world.gateway.configurationFile
                let text = try String(contentsOfFile: path, encoding: .utf8)
                try text.replacing("maxInFlight: 8192", with: "maxInFlight: 4096")
                    .write(toFile: path, atomically: true, encoding: .utf8)
                let finished = try ChildProcess.run(
                    "lychgate", ["reload", "--socket", world.gateway.control.path, "--timeout", "50s"],
                    within: .seconds(60))
                #expect(finished.succeeded, "\(finished.errors)")
            }
            #expect(load.waitForExit(within: .seconds(40)) == .code(0), "\(load.errors)")
            let tally: Tally = try HTTP2Script.decode(load.output)
            #expect(tally.errors == [] && tally.served > 200, "\(tally)")
            #expect(try world.gateway.status().recycles[reason] ?? 0 >= 1)
            let stopped = world.gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
            // The last chunk came, whenever that was.
            for watch in watches { _ = try watch.reader.readBody(.chunked, by: .after(.seconds(5))) { _ in } }
            world.upstream.stop()
        }

        @Test("A worker above the hard memory limit is killed at once, and says why")
        func memoryHard() throws {
            try World.run(configure: { $0.recycling = ["memorySoft": "1MiB", "memoryHard": "2MiB"] }) { world in
                expectEventually(within: .seconds(15)) {
                    (try? world.gateway.status().recycles["memory_hard"]) ?? 0 > 0
                }
                #expect(world.gateway.logs("above recycling.memoryHard"))
            }
        }
    }
}
