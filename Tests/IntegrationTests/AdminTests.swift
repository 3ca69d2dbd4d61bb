// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The gateway seen from outside: health, metrics, `lychgate ps` and `lychgate kill`.
    @Suite(.timeLimit(.minutes(2)))
    struct AdminTests {
        /// A world with an admin listener.
        private static func run(
            tls: Bool = false, configure: (inout GatewayOptions) -> Void = { _ in },
            _ body: (World, Endpoint) throws -> Void
        ) throws {
            let endpoint = try Endpoint.free()
            try World.run { options in
                options.admin = endpoint
                options.adminTLS = tls
                configure(&options)
            } script: { connection in
                try ExchangeState.serve(connection)
            } _: { world in
                let ready = eventually(within: .seconds(10), every: .milliseconds(20)) {
                    (try? Self.get(endpoint, "/readyz", world, tls: tls).status) == 200
                }
                #expect(ready, "\(world.gateway.log)")
                try body(world, endpoint)
            }
        }

        private struct Answer {
            var status: Int
            var body: String
            var seconds: Double
        }

        /// curl's answer, its status and the time that it took.
        private static func get(
            _ endpoint: Endpoint, _ path: String, _ world: World, tls: Bool = false, arguments: [String] = []
        ) throws -> Answer {
            let finished = try ChildProcess.run(
                "curl",
                [
                    "--silent", "--show-error", "--max-time", "10", "--cacert", world.certificates.authority,
                    "--write-out", "\n%{http_code} %{time_total}",
                ] + arguments + ["\(tls ? "https" : "http")://\(endpoint)\(path)"])
            guard let newline = finished.output.lastIndex(of: "\n") else {
                throw HarnessError.unexpected("curl: \(finished.errors)")
            }
            let words = finished.output[finished.output.index(after: newline)...].split(separator: " ")
            return Answer(
                status: Int(words.first ?? "") ?? 0, body: String(finished.output[..<newline]),
                seconds: Double(words.last ?? "") ?? .infinity)
        }

        private static func lychgate(_ arguments: String..., world: World) throws -> ChildProcess.Finished {
            try ChildProcess.run("lychgate", arguments + ["--socket", world.gateway.control.path])
        }

        @Test("Health in kube-apiserver's words, plain and with TLS", arguments: [false, true])
        func health(tls: Bool) throws {
            try Self.run(tls: tls) { world, endpoint in
                for path in ["/livez", "/readyz", "/healthz", "/readyz/keys"] {
                    let answer = try Self.get(endpoint, path, world, tls: tls)
                    #expect(answer.status == 200 && answer.body == "ok", "\(path): \(answer)")
                }
                let verbose = try Self.get(endpoint, "/readyz?verbose&exclude=keys", world, tls: tls)
                #expect(
                    verbose.body == """
                        [+]ping ok
                        [+]supervisor ok
                        [+]workers ok
                        [+]keys excluded: ok
                        [+]shutdown ok
                        readyz check passed

                        """)
                #expect(try Self.get(endpoint, "/", world, tls: tls).status == 404)
                #expect(try Self.get(endpoint, "/livez", world, tls: tls, arguments: ["--data", "x"]).status == 405)
                let long = String(repeating: "x", count: 9_000)
                #expect(try Self.get(endpoint, "/livez?\(long)", world, tls: tls).status == 414)
                #expect(
                    try Self.get(endpoint, "/livez", world, tls: tls, arguments: ["--header", "X: \(long)"]).status
                        == 431)
                #expect(try world.gateway.status().handoff.accepted == 0, "they are no connections of the gateway")
            }
        }

        @Test("A watch that waits for its next event holds no buffer")
        func quietWatches() throws {
            try Self.run { world, endpoint in
                let clients = try (0..<8).map { _ in try world.gateway.connect() }
                for client in clients {
                    client.send("GET", "/api/v1/pods?watch=1", token: world.token)
                    _ = try client.reader.readHead(by: .after(.seconds(10)))
                    _ = try client.reader.readSome(by: .after(.seconds(10)))
                }
                let isQuiet = eventually(within: .seconds(5), every: .milliseconds(100)) {
                    guard let metrics = try? Metrics(Self.get(endpoint, "/metrics", world).body) else { return false }
                    return metrics.value("requests_in_flight", ["class": "long_running"]) == 8
                        && metrics.value("buffer_bytes") == 0
                }
                #expect(isQuiet)
                for client in clients { client.wire.close() }
            }
        }

        @Test("Metrics are valid, and counters do not go back when workers die")
        func metrics() throws {
            try Self.run { world, endpoint in
                for _ in 0..<3 {
                    #expect(
                        try world.gateway.connect().request("GET", "/api/v1/pods", token: world.token).status == 200)
                }
                #expect(try world.gateway.connect().request("GET", "/secret").status == 401)
                let client = try world.gateway.connect()
                client.send("GET", "/silent", token: world.token)
                try #require(eventually(within: .seconds(5)) { world.upstream.requestCount(for: "/silent") == 1 })
                let before = try Metrics(Self.get(endpoint, "/metrics", world).body)
                #expect(before.value("requests_total", ["code": "200", "verb": "list", "protocol": "http/1.1"]) == 3)
                #expect(before.value("requests_total", ["code": "401", "verb": "get"]) == 1)
                #expect(before.value("request_duration_seconds_count") == 4)
                #expect(before.value("requests_in_flight", ["class": "ordinary"]) == 1)
                #expect(before.value("connections") ?? 0 >= 1)
                #expect(before.value("handoff_total", ["result": "claimed"]) == 5)
                #expect(before.value("orphans") == 0)
                #expect(before.value("authn_attempts_total", ["method": "jwt", "result": "accepted"]) == 4)
                #expect(before.value("authn_attempts_total", ["reason": "no-credentials"]) == 1)
                #expect(before.value("worker_memory_bytes", ["role": "gateway"]) ?? 0 > 100_000)
                #expect(before.value("worker_heartbeat_age_seconds", ["role": "gateway", "worker": "0"]) ?? 9 < 3)
                #expect(before.value("jwks_age_seconds") ?? 99 < 60)
                let expiry = before.value("certificate_expiry_timestamp_seconds", ["listener": "main"]) ?? 0
                #expect(abs(expiry - Date().timeIntervalSince1970 - 2 * 86_400) < 600, "\(expiry)")
                #expect(before.value("build_info") == 1)
                for name in ["orphan_seconds_bucket", "deadline_exceeded_total", "worker_recycles_total"] {
                    #expect(before.names.contains("lychgate_" + name), "\(name)")
                }

                client.wire.close()
                #expect(world.gateway.waitUntilIdle(within: .seconds(5)))
                let cancelled = try Metrics(Self.get(endpoint, "/metrics", world).body)
                #expect(cancelled.value("cancelled_total", ["by": "client", "phase": "requesting"]) == 1)
                #expect(cancelled.value("requests_total", ["code": "none"]) == 1)

                for worker in try world.gateway.status().workers { ChildProcess.signal(worker.pid, SIGKILL) }
                var last = cancelled
                try world.gateway.waitUntilReady(workers: 2)
                // Also when the admin process itself is replaced.
                for victim in ["", "admin"] {
                    if let process = world.gateway.processes().first(where: { $0.command.contains("admin") }),
                        !victim.isEmpty
                    {
                        ChildProcess.signal(process.identifier, SIGKILL)
                    }
                    let back = eventually(within: .seconds(10), every: .milliseconds(50)) {
                        (try? Self.get(endpoint, "/readyz", world).status) == 200
                    }
                    #expect(back, "\(world.gateway.log)")
                    let after = try Metrics(Self.get(endpoint, "/metrics", world).body)
                    #expect(after.isNotBehind(last).isEmpty, "\(after.isNotBehind(last))")
                    last = after
                }
                #expect(last.value("requests_total") == cancelled.value("requests_total"))
                #expect(last.value("worker_recycles_total", ["reason": "died"]) == 3)
            }
        }

        @Test("It answers within 100 ms while every gateway worker hangs, and says that none is ready")
        func hangingWorkers() throws {
            try Self.run { world, endpoint in
                let workers = try world.gateway.status().workers
                for worker in workers { ChildProcess.signal(worker.pid, SIGSTOP) }
                defer { for worker in workers { ChildProcess.signal(worker.pid, SIGCONT) } }
                var slowest = 0.0
                let deadline = Deadline.after(.milliseconds(7_500))
                var unready = false
                while !deadline.hasPassed {
                    for path in ["/metrics", "/livez"] {
                        let answer = try Self.get(endpoint, path, world)
                        #expect(answer.status == 200)
                        slowest = max(slowest, answer.seconds)
                    }
                    let answer = try Self.get(endpoint, "/readyz", world)
                    slowest = max(slowest, answer.seconds)
                    if answer.status == 500 {
                        unready = true
                        #expect(answer.body.contains("[-]workers failed: reason withheld\n"))
                        break
                    }
                    sleep(for: .milliseconds(50))
                }
                #expect(unready, "workers that hang are ready")
                var table = FiguresTable("admin listener while every worker is stopped", columns: ["what", "figure"])
                table.add("slowest answer, ms", (slowest * 1_000).rounded(to: 1))
                table.print()
                #expect(slowest < 0.1)
                // The control socket lists requests all the same.
                #expect(try Self.lychgate("ps", world: world).succeeded)
            }
        }

        @Test("ps shows requests with their user and never a token; kill ends one")
        func psAndKill() throws {
            try Self.run { world, _ in
                let clients = try ["/silent", "/stream/it?token=secret"].map { target in
                    let client = try world.gateway.connect()
                    client.send("GET", target, token: world.token)
                    return client
                }
                var list: [[String: Any]] = []
                let listed = try eventually(within: .seconds(5), every: .milliseconds(20)) {
                    let finished = try Self.lychgate("ps", "-o", "json", world: world)
                    let answer = try JSONSerialization.jsonObject(with: Data(finished.output.utf8)) as? [String: Any]
                    list = answer?["requests"] as? [[String: Any]] ?? []
                    #expect(!finished.output.contains(world.token) && !finished.output.contains("secret"))
                    return list.count == 2 && list.contains { ($0["bytesToClient"] as? Int ?? 0) > 20 }
                        && list.contains { $0["phase"] as? String == "requesting" }
                }
                try #require(listed, "\(list)")
                #expect(list.allSatisfy { $0["user"] as? String == "alice" && $0["method"] as? String == "GET" })
                #expect(Set(list.compactMap { $0["path"] as? String }) == ["/silent", "/stream/it"])
                let table = try Self.lychgate("ps", world: world).output
                #expect(table.contains("alice") && table.contains("/silent") && !table.contains(world.token))

                world.gateway.supervisor.signal(SIGUSR1)
                let dumped = eventually(within: .seconds(5)) { world.gateway.log.contains("/stream") }
                #expect(dumped, "\(world.gateway.log)")
                #expect(!world.gateway.log.contains(world.token) && !world.gateway.log.contains("secret"))

                let silent = try #require(list.first { $0["path"] as? String == "/silent" }?["id"] as? String)
                let killed = try Self.lychgate("kill", silent, world: world)
                #expect(killed.succeeded && killed.output == "\(silent) cancelled\n", "\(killed.errors)")
                #expect(try clients[0].reader.readResponse(by: .after(.seconds(2))).status == 503)
                #expect(world.upstream.close(of: "/silent", within: .seconds(2)) != nil, "its upstream work goes on")
                let again = try Self.lychgate("kill", silent, world: world)
                #expect(again.exit == .code(1) && again.errors.contains("not in flight"), "\(again.errors)")
                #expect(try Self.lychgate("kill", "nonsense", world: world).exit == .code(2))
                let stream = try #require(list.first { $0["path"] as? String == "/stream/it" }?["id"] as? String)
                // One that has ended already spares nobody behind it.
                let both = try Self.lychgate("kill", silent, stream, world: world)
                #expect(both.exit == .code(1) && both.output == "\(stream) cancelled\n", "\(both.output)\(both.errors)")
                #expect(both.errors.contains(silent) && both.errors.contains("not in flight"), "\(both.errors)")
                #expect(clients[1].drain(by: .after(.seconds(2))) != nil, "the stream goes on")
                #expect(try world.gateway.status().inFlight == 0)
            }
        }

        @Test("top shows rates and requests: as text, as often as it is told, and in place on a terminal")
        func top() throws {
            try Self.run { world, _ in
                let client = try world.gateway.connect()
                client.send("GET", "/silent", token: world.token)
                try wait("the request upstream") { world.upstream.requestCount(for: "/silent") == 1 }
                let once = try Self.lychgate("top", world: world)
                #expect(once.succeeded && once.output.hasPrefix("lychgate "), "\(once.errors)")
                #expect(once.output.contains("requests -/s") && once.output.contains("/silent"), "\(once.output)")
                #expect(!once.output.contains("\u{1b}") && !once.output.contains(world.token))

                let load = ConstantLoad(world, clients: 2)
                let twice = try Self.lychgate("top", "-n", "2", "-i", "500ms", "--requests", "0", world: world)
                #expect(load.stop().failures == [])
                let rates = twice.output.split(separator: "\n").filter { $0.hasPrefix("requests ") }
                let rate = rates.last.flatMap { Double($0.dropFirst("requests ".count).prefix { $0 != "/" }) }
                #expect(rates.count == 2 && rate ?? 0 > 5, "\(twice.output)")
                #expect(!twice.output.contains("/silent"))

                let command = "'\(Harness.executable("lychgate"))' top -n 2 -i 100ms --socket"
                let terminal = try ChildProcess.run(
                    "script",
                    ["--quiet", "--return", "--command", "\(command) '\(world.gateway.control.path)'", "/dev/null"])
                #expect(terminal.succeeded, "\(terminal.output)")
                #expect(terminal.output.split(separator: "\u{1b}[H").count == 3, "\(terminal.output)")
                #expect(terminal.output.hasPrefix("\u{1b}[2J") && terminal.output.contains("\u{1b}[J"))

                for wrong in [["-n", "0"], ["-i", "1ms"], ["-i", "soon"], ["--requests", "-1"]] {
                    let finished = try ChildProcess.run("lychgate", ["top"] + wrong)
                    #expect(finished.exit == .code(2), "\(wrong)")
                }
                let nobody = try ChildProcess.run("lychgate", ["top", "--socket", "/nonexistent"])
                #expect(nobody.exit == .code(1) && nobody.errors.contains("is it running?"), "\(nobody.errors)")
            }
        }

        @Test("More than 64 connections wait their turn; one that says nothing is closed in time")
        func bounds() throws {
            try Self.run { world, endpoint in
                let silent = try (0..<80).map { _ in try RawClient.connect(to: endpoint) }
                let start = ContinuousClock.now
                #expect(silent[0].drain(by: .after(.seconds(12))) != nil, "a silent connection stays open")
                #expect(ContinuousClock.now - start > .seconds(8))
                // Those that had to wait are served their time, too.
                #expect(silent[79].drain(by: .after(.seconds(25))) != nil)
                #expect(try Self.get(endpoint, "/livez", world).status == 200)
            }
        }

        /// Whether it says that a shutdown has begun.
        private static func isStopping(_ endpoint: Endpoint, _ world: World) -> Bool {
            guard let answer = try? get(endpoint, "/readyz", world) else { return false }
            return answer.status == 500 && answer.body.contains("[-]shutdown failed: reason withheld")
        }

        private static func checkDrain(_ world: World, _ endpoint: Endpoint) throws {
            let client = try world.gateway.connect()
            client.send("GET", "/stream", token: world.token)
            let begun = eventually(within: .seconds(5)) { world.upstream.requestCount(for: "/stream") == 1 }
            #expect(begun)
            world.gateway.supervisor.signal(SIGTERM)
            let unready = eventually(within: .seconds(3), every: .milliseconds(20)) { isStopping(endpoint, world) }
            #expect(unready)
            let live = try get(endpoint, "/livez", world)
            #expect(live.status == 200)
        }

        @Test("It says that it is not ready while the gateway drains")
        func draining() throws {
            try Self.run(configure: { $0.deadlines = ["drain": "4s", "hardStop": "8s"] }, Self.checkDrain)
        }
    }
}
