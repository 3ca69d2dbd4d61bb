// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// At its limits the gateway says so, or lets newcomers wait where they are.
    @Suite(.timeLimit(.minutes(1)))
    struct OverloadTests {
        @Test("A worker with as many requests as it may have says 503 and when to come again, or refuses the stream")
        func inFlight() throws {
            try World.run(
                configure: {
                    $0.workers = 1
                    $0.maxInFlight = 3
                }, script: DrainTests.serve
            ) { world in
                let holding = try (0..<3).map { _ in try world.gateway.connect() }
                for client in holding { client.send("GET", "/stuck", token: world.token) }
                try wait("the requests upstream") { world.upstream.requests.count == 3 }
                let late = try world.gateway.connect()
                let refused = try late.request("GET", "/soon", token: world.token)
                #expect(refused.status == 503 && refused.head["retry-after"] == "1")
                #expect(try Status(refused).isFailure(503))
                let client = try world.http2Client()
                let stream = client.request("GET", "/soon", token: world.token)
                let frame = client.first(by: .after(.seconds(5))) { $0.stream == stream }
                // RFC 9113 section 8.7: REFUSED_STREAM says that nothing was done, so a client may try again.
                #expect(frame?.kind == .resetStream && frame?.code == 7)
                #expect(world.upstream.requests.count == 3, "one went on all the same")
                holding[0].wire.close()
                // The same connections serve again.
                expectEventually(within: .seconds(5)) {
                    (try? late.request("GET", "/soon", token: world.token).status) == 200
                }
                let again = client.request("GET", "/soon", token: world.token)
                let head = client.first(by: .after(.seconds(5))) { $0.stream == again }
                #expect(head?.kind == .headers)
            }
        }

        @Test("Without a credit anywhere nothing is accepted: the kernel's backlog is the queue, and loses nobody")
        func credits() throws {
            try World.run(configure: {
                $0.workers = 2
                $0.maxConnections = 4
            }) { world in
                let holding = try (0..<8).map { _ in try world.gateway.connect() }
                for client in holding { #expect(try client.request("GET", "/x", token: world.token).status == 200) }
                let waiting = try (0..<8).map { _ in try RawClient.connect(to: world.gateway.endpoint) }
                sleep(for: .milliseconds(300))
                let status = try world.gateway.status()
                #expect(status.connections == 8 && status.handoff.accepted == 8 && status.handoff.unclaimed == 0)
                for client in holding { client.wire.close() }
                let context = try world.certificates.client()
                for client in waiting {
                    try client.startTLS(
                        context, serverName: world.gateway.endpoint.address, by: .after(.seconds(5)))
                    #expect(try client.request("GET", "/y", token: world.token).status == 200)
                }
                #expect(try world.gateway.status().handoff.lost == 0)
                for client in waiting { client.wire.close() }
            }
        }

        @Test("A dead worker's black box is in the log before its successor starts, and holds no secret")
        func blackBox() throws {
            let silent: ScriptedUpstream.Script = { connection in
                _ = try connection.readHead()
                connection.readUntilClose()
            }
            try World.run(configure: { $0.workers = 1 }, script: silent) { world in
                let client = try world.gateway.connect()
                client.send("GET", "/stuck?token=secret", token: world.token)
                try wait("the request upstream") { world.upstream.requests.count == 1 }
                try wait("its row") { try world.gateway.status().inFlight == 1 }
                let victim = try #require(world.gateway.status().readyWorkers.first)
                ChildProcess.signal(victim.pid, 9)
                try wait("its successor") {
                    try world.gateway.status().readyWorkers.contains { $0.pid != victim.pid }
                }
                let lines = world.gateway.log.split(separator: "\n").map(String.init)
                let death = try #require(lines.firstIndex { $0.contains("child died") })
                for word in [
                    "pid=\(victim.pid)", "exit=\"signal 9\"", "in_flight=1", "crash_tally=1", "max_rss_kib=",
                    "user_ms=", "system_ms=", "minor_faults=", "voluntary_switches=",
                    "worker=\(victim.slot).\(victim.generation)",
                ] {
                    #expect(lines[death].contains(word), "\(word): \(lines[death])")
                }
                let row = try #require(lines.firstIndex { $0.contains("path=/stuck") })
                for word in [
                    "method=GET", "user=alice", "phase=requesting", "age_ms=", "client=127.0.0.1", "class=ordinary",
                    "verb=get",
                ] {
                    #expect(lines[row].contains(word), "\(word): \(lines[row])")
                }
                let next = try #require(lines.lastIndex { $0.contains("started child") && $0.contains("gateway") })
                #expect(death < row && row < next, "\(lines)")
                #expect(!world.gateway.log.contains(world.token) && !world.gateway.log.contains("secret"))
            }
        }
    }
}
