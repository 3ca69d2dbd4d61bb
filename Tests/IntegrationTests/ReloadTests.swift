// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// A new configuration, or new processes, while clients go on asking.
    @Suite(.timeLimit(.minutes(3)))
    struct ReloadTests {
        /// `lychgate reload` or `restart`.
        private static func tell(_ command: String, _ world: World) throws -> ChildProcess.Finished {
            try ChildProcess.run(
                "lychgate", [command, "--socket", world.gateway.control.path, "--timeout", "50s"],
                within: .seconds(60))
        }

        private static func edit(_ world: World, _ old: String, _ new: String) throws {
            let path = world.gateway.configurationFile
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.contains(old))
            try text.replacing(old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
        }

        private static func pids(_ world: World) throws -> Set<Int32> {
            Set(try world.gateway.status().readyWorkers.map(\.pid))
        }

        @Test(
            "A changed configuration is taken into force under load, without a failed request",
            arguments: [
                ("maxInFlight: 8192", "maxInFlight: 4096", 2), ("{count: 2,", "{count: 3,", 3),
                ("{count: 2,", "{count: 1,", 1), ("groupsClaim: groups", "groupsClaim: teams", 2),
            ])
        func changed(old: String, new: String, workers: Int) throws {
            try World.run { world in
                let before = try Self.pids(world)
                let keyring = try world.gateway.status().keyring.pid
                let load = ConstantLoad(world)
                try wait("load") { load.served > 50 }
                try Self.edit(world, old, new)
                let finished = try Self.tell("reload", world)
                #expect(finished.succeeded, "\(finished.errors)\(world.gateway.log.suffix(2_000))")
                let after = try Self.pids(world)
                #expect(after.count == workers && after.isDisjoint(with: before))
                let served = load.served
                try wait("load after the reload") { load.served > served + 50 }
                let tally = load.stop()
                #expect(tally.failures == [])
                let status = try world.gateway.status()
                #expect(status.recycles["roll"] == 2)
                #expect((status.keyring.pid != keyring) == !old.contains("count"))
                #expect(status.keyring.state == "ready")
            }
        }

        @Test("`lychgate restart` replaces every process; SIGHUP without a change replaces none")
        func restart() throws {
            try World.run { world in
                let before = try Self.pids(world)
                let load = ConstantLoad(world)
                world.gateway.supervisor.signal(SIGHUP)
                expectEventually(within: .seconds(5)) { world.gateway.log.contains("configuration is unchanged") }
                #expect(try Self.pids(world) == before)
                let finished = try Self.tell("restart", world)
                #expect(finished.succeeded, "\(finished.errors)")
                #expect(try Self.pids(world).isDisjoint(with: before))
                let tally = load.stop()
                #expect(tally.failures == [])
            }
        }

        @Test("When a later worker does not become ready, the first one goes back, too")
        func goesBack() throws {
            try World.run(
                configure: { $0.deadlines = ["workerStart": "3s", "drain": "2s", "hardStop": "4s"] },
                script: ShutdownTests.serve
            ) { world in
                let other = try ScriptedUpstream(tls: world.certificates.server(), StandardUpstream.serve)
                // The canary reaches it, and nobody after that.
                other.handshakes = 1
                let before = try Self.pids(world)
                // Watches on both workers make each drain last.
                let watches = try (0..<6).map { _ in try world.gateway.connect() }
                for watch in watches {
                    watch.send("GET", "/api/v1/pods?watch=true", token: world.token)
                    _ = try watch.reader.readHead(by: .after(.seconds(5)))
                }
                try Self.edit(world, "\(world.upstream.endpoint)", "\(other.endpoint)")
                let telling = Harness.inBackground { Result { try Self.tell("reload", world) } }
                try wait("the canary") { try !Self.pids(world).isSubset(of: before) }
                other.stop()
                let finished = try telling().get()
                #expect(finished.exit == .code(1))
                #expect(finished.errors.contains("API server cannot be reached"), "\(finished.errors)")
                #expect(try Self.pids(world).count == 2)
                // All of them are of the old configuration again.
                for _ in 0..<8 {
                    let client = try world.gateway.connect()
                    #expect(try client.request("GET", "/soon", token: world.token).text == "served out")
                }
            }
        }

        @Test("A roll that is under way ends with the gateway, and whoever asked is told")
        func stopped() throws {
            let world = try World(script: ShutdownTests.serve)
            let watch = try world.gateway.connect()
            watch.send("GET", "/api/v1/pods?watch=true", token: world.token)
            _ = try watch.reader.readHead(by: .after(.seconds(5)))
            let telling = Harness.inBackground { Result { try Self.tell("restart", world) } }
            try wait("a drain") { try world.gateway.status().workers.contains { $0.state == "draining" } }
            let stopping = Harness.inBackground { world.gateway.stop() }
            #expect(try telling().get().errors.contains("the gateway is stopping"))
            world.gateway.supervisor.signal(SIGTERM)
            let stopped = stopping()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
            world.upstream.stop()
        }

        @Test("A command that waits no longer says that the reload goes on; status shows that, and then why it failed")
        func outlastsItsCommand() throws {
            try World.run(configure: { $0.deadlines = ["workerStart": "5s"] }) { world in
                let status = {
                    try ChildProcess.run("lychgate", ["status", "--socket", world.gateway.control.path]).output
                }
                try Self.edit(world, "https://\(world.upstream.endpoint)", "https://127.0.0.1:1")
                let finished = try ChildProcess.run(
                    "lychgate", ["reload", "--socket", world.gateway.control.path, "--timeout", "2s"])
                #expect(finished.exit == .code(1))
                #expect(
                    finished.errors.contains("the reload has not ended within 2s, and goes on"), "\(finished.errors)")
                try wait("the roll in the status") {
                    try status().contains("reload under way: 0 of 2 workers replaced")
                }
                try wait("its failure in the status") { try status().contains("last reload failed: ") }
                #expect(try !status().contains("under way"))
                #expect(try status().contains("API server cannot be reached"))
            }
        }

        @Test(
            "What cannot be taken into force changes nothing, and the command says why",
            arguments: [
                ("workers: {", "wokers: {", "wokers"),
                ("deadlines: {", "deadlines: {drain: 50s, ", "drain"),
                ("name: main", "name: other", "restart of the service"),
                ("https://UPSTREAM", "https://127.0.0.1:1", "API server cannot be reached"),
                ("issuerURL: \"", "issuerURL: \"https://127.0.0.1:1/", "workerStart"),
            ])
        func refused(old: String, new: String, why: String) throws {
            let admin = try Endpoint.free()
            try World.run(configure: {
                $0.deadlines = ["workerStart": "3s"]
                $0.admin = admin
            }) { world in
                let before = try Self.pids(world)
                let load = ConstantLoad(world)
                try wait("load") { load.served > 50 }
                try Self.edit(world, old.replacing("UPSTREAM", with: "\(world.upstream.endpoint)"), new)
                let finished = try Self.tell("reload", world)
                #expect(finished.exit == .code(1))
                #expect(finished.errors.contains(why), "\(finished.errors)")
                #expect(world.gateway.logs("reload has failed"))
                #expect(try Self.pids(world) == before)
                let served = load.served
                try wait("load after the reload") { load.served > served + 50 }
                let tally = load.stop()
                #expect(tally.failures == [])
                #expect(try world.gateway.status().recycles["roll"] == nil)
                let metrics = try Metrics(ChildProcess.run("curl", ["--silent", "http://\(admin)/metrics"]).output)
                #expect(metrics.value("reloads_total", ["kind": "reload", "result": "failed"]) == 1)
                #expect(metrics.value("reloads_total", ["result": "done"]) == 0)
            }
        }
    }
}
