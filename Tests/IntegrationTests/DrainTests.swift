// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// What a drain does to each class of what is in flight, as its client sees it.
    @Suite(.timeLimit(.minutes(3)))
    struct DrainTests {
        /// Watches and logs: the type of their target's `type` parameter, one item every 50 ms, cut in two by a pause.
        /// `/soon` answers after a second; an exec becomes a tunnel that echoes.
        static let serve: ScriptedUpstream.Script = { connection in
            while true {
                let head = try connection.readHead()
                if head.target.contains("/exec") {
                    connection.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
                    return connection.readUntilClose()
                }
                if head.target == "/stuck" { return connection.readUntilClose() }
                if !head.target.contains("watch=true"), !head.target.contains("follow=true") {
                    sleep(for: .seconds(1))
                    connection.answer(body: "served out")
                    continue
                }
                let type = head.target.contains("log?") ? "text/plain" : "application/json"
                connection.write("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\r\n")
                if head.target.contains("quiet") { return connection.readUntilClose() }
                while connection.wire.waitForPeerClose(by: .after(.milliseconds(25))) == nil {
                    connection.writeChunk("{\"type\":")
                    guard connection.wire.waitForPeerClose(by: .after(.milliseconds(25))) == nil else { return }
                    connection.writeChunk("\"ADDED\"}\n")
                }
                return
            }
        }

        private static func drain(_ gateway: GatewayFixture) -> () -> GatewayFixture.Stopped {
            Harness.inBackground { gateway.stop() }
        }

        @Test("Watches and followed logs end between two items, spread over the drain; ordinary requests are served out")
        func streams() throws {
            let world = try World(
                configure: { $0.deadlines = ["drain": "4s", "hardStop": "8s"] }, script: Self.serve)
            let targets = [
                "/api/v1/pods?watch=true", "/api/v1/namespaces/a/pods/b/log?follow=true",
                "/api/v1/pods?watch=true&x=quiet",
            ]
            let watches = try (0..<24).map { index in
                let client = try world.gateway.connect()
                client.send("GET", targets[index % 3], token: world.token)
                return client
            }
            let soon = try world.gateway.connect()
            soon.send("GET", "/soon", token: world.token)
            let heads = try watches.map { try $0.reader.readHead(by: .after(.seconds(5))) }
            #expect(heads.allSatisfy { $0.status == 200 })
            try wait("the requests upstream") { world.upstream.requests.count == 25 }

            let start = ContinuousClock.now
            let stopping = Self.drain(world.gateway)
            let ends = Cell<[Double]>([])
            let faults = Cell<[String]>([])
            Harness.concurrently(watches.count) { index in
                var body: [UInt8] = []
                do throws(ConnectionEnded) {
                    _ = try watches[index].reader.readBody(.chunked, by: .after(.seconds(10))) { body += $0 }
                    let text = String(decoding: body, as: UTF8.self)
                    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                    if !lines.dropLast().allSatisfy({ $0 == "{\"type\":\"ADDED\"}" }) || !(lines.last ?? "").isEmpty {
                        faults.update { $0.append("a part of an item: \(text.suffix(40))") }
                    }
                } catch {
                    let what = "\(error)"
                    faults.update { $0.append(what) }
                }
                let time = (ContinuousClock.now - start).milliseconds
                ends.update { $0.append(time) }
            }
            #expect(try soon.reader.readResponse(by: .after(.seconds(5))).text == "served out")
            let stopped = stopping()
            #expect(faults.value == [])
            let times = ends.value.sorted()
            // Spread: neither all at the beginning nor all at the deadline, and in time.
            #expect(times.count { $0 < 1_800 } >= 6 && times.count { $0 > 1_800 } >= 6, "\(times)")
            #expect((times.last ?? 0) < 4_500)
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
            let summary = stopped.log.split(separator: "\n").first { $0.contains("served_out") }.map(String.init) ?? ""
            #expect(summary.contains("ended=24") && summary.contains("served_out=1"), "\(summary)")
            #expect(summary.contains("cut=0") && summary.contains("killed=0"), "\(summary)")
            var table = FiguresTable("24 watches and logs, a drain of 4 s", columns: ["what", "ms"])
            table.add("first ended after", (times.first ?? 0).rounded(to: 0))
            table.add("median", times[times.count / 2].rounded(to: 0))
            table.add("last", (times.last ?? 0).rounded(to: 0))
            table.print()
            world.upstream.stop()
        }

        @Test("A watch over HTTP/2 ends with END_STREAM")
        func http2() throws {
            let world = try World(
                configure: { $0.deadlines = ["drain": "3s", "hardStop": "6s"] }, script: Self.serve)
            let curl = try ChildProcess(
                Harness.executable("curl"),
                [
                    "--silent", "--show-error", "--no-buffer", "--http2", "--max-time", "20", "--cacert",
                    world.certificates.authority, "--header", "Authorization: Bearer \(world.token)",
                    "https://\(world.gateway.endpoint)/api/v1/pods?watch=true",
                ], folder: TemporaryFolder())
            try wait("the watch upstream") { world.upstream.requests.count == 1 }
            sleep(for: .milliseconds(300))
            let stopping = Self.drain(world.gateway)
            // curl knows a stream that was reset from one that has ended: 92 and 18 are its errors for that.
            #expect(curl.waitForExit(within: .seconds(8)) == .code(0), "\(curl.errors)")
            #expect(curl.output.hasSuffix("}\n"), "\(curl.output.suffix(60))")
            #expect(stopping().exit == .code(0))
            world.upstream.stop()
        }

        @Test("First not ready, then, after the delay, the drain; connections are served meanwhile")
        func delay() throws {
            let admin = try Endpoint.free(on: "127.0.0.1")
            let world = try World(configure: {
                $0.deadlines = ["drainDelay": "2s", "drain": "2s", "hardStop": "6s"]
                $0.admin = admin
            })
            let ready = { try ChildProcess.run("curl", ["--silent", "http://\(admin)/readyz"]).output }
            try wait("readiness") { try ready() == "ok" }
            let load = ConstantLoad(world)
            try wait("load") { load.served > 20 }
            let start = ContinuousClock.now
            let stopping = Self.drain(world.gateway)
            try wait("not ready") { try ready().contains("shutdown failed") }
            let noticed = (ContinuousClock.now - start).milliseconds
            #expect(noticed < 1_500)
            let before = load.served
            sleep(for: .milliseconds(500))
            #expect(load.served > before, "nothing was served during the delay")
            #expect(load.stop().failures == [])
            #expect((ContinuousClock.now - start).milliseconds < 1_900, "too slow to show anything")
            let stopped = stopping()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
            #expect(stopped.took > .milliseconds(1_900) && stopped.took < .seconds(4))
            world.upstream.stop()
        }

        @Test("A restart of three workers with watches takes about one drain, not three, and ends every watch properly")
        func roll() throws {
            try World.run(
                configure: {
                    $0.workers = 3
                    $0.deadlines = ["drain": "4s", "hardStop": "8s"]
                }, script: Self.serve
            ) { world in
                let watches = try (0..<12).map { _ in
                    let client = try world.gateway.connect()
                    client.send("GET", "/api/v1/pods?watch=true", token: world.token)
                    _ = try client.reader.readHead(by: .after(.seconds(5)))
                    return client
                }
                let start = ContinuousClock.now
                let floor = Cell(3)
                let over = Cell(false)
                let watching = Harness.inBackground {
                    while !over.value {
                        let ready = (try? world.gateway.status().readyWorkers.count) ?? 3
                        floor.update { $0 = min($0, ready) }
                        sleep(for: .milliseconds(5))
                    }
                    return true
                }
                let telling = Harness.inBackground {
                    Result {
                        try ChildProcess.run(
                            "lychgate", ["restart", "--socket", world.gateway.control.path, "--timeout", "50s"],
                            within: .seconds(60))
                    }
                }
                let faults = Cell<[String]>([])
                Harness.concurrently(watches.count) { index in
                    do throws(ConnectionEnded) {
                        _ = try watches[index].reader.readBody(.chunked, by: .after(.seconds(30))) { _ in }
                    } catch {
                        let what = "\(error)"
                        faults.update { $0.append(what) }
                    }
                }
                #expect(try telling().get().succeeded)
                let took = (ContinuousClock.now - start).milliseconds
                over.value = true
                _ = watching()
                #expect(faults.value == [])
                #expect(floor.value >= 3, "fewer workers were ready than there should be")
                // Three drains after one another would be 9 s and more for those whose last watch ends late.
                #expect(took < 8_500)
                var table = FiguresTable("restart of 3 workers, each with watches, drain 4 s", columns: ["what", "ms"])
                table.add("restart took", took.rounded(to: 0))
                table.print()
            }
        }

        @Test("`lychgate kill`: the client is told that it was an operator")
        func killed() throws {
            try World.run(script: Self.serve) { world in
                let client = try world.gateway.connect()
                client.send("GET", "/stuck", token: world.token)
                try wait("the request upstream") { world.upstream.requests.count == 1 }
                let list = try ChildProcess.run("lychgate", ["ps", "--socket", world.gateway.control.path, "-o", "json"])
                let id = try #require(list.output.firstMatch(of: #/"id":"([^"]+)"/#)?.1)
                let told = try ChildProcess.run(
                    "lychgate", ["kill", String(id), "--socket", world.gateway.control.path])
                #expect(told.succeeded, "\(told.errors)")
                let response = try client.reader.readResponse(by: .after(.seconds(5)))
                #expect(response.status == 503)
                #expect(try Status(response).message.contains("ended by an operator"))
                #expect(response.head["retry-after"] == nil)
                expectEventually(within: .seconds(2)) { world.gateway.log.contains("cancelled_by_operator") }
            }
        }

        @Test("A body that its connection's end marks is not taken for whole when its worker is killed")
        func closeDelimited() throws {
            try World.run(
                configure: { $0.listenerTLS = false },
                script: { connection in
                    let head = try connection.readHead()
                    connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nthe first half")
                    if head.target == "/whole" { return }
                    connection.readUntilClose()
                }
            ) { world in
                func ask(_ target: String) throws -> RawClient {
                    let client = try RawClient.connect(to: world.gateway.endpoint)
                    client.wire.write("GET \(target) HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer \(world.token)\r\n\r\n")
                    return client
                }
                let whole = try ask("/whole").reader.readResponse(by: .after(.seconds(5)))
                #expect(whole.text == "the first half" && whole.end == .closed, "\(whole.status) \(whole.end)")
                let client = try ask("/half")
                _ = try client.reader.readHead(by: .after(.seconds(5)))
                for worker in try world.gateway.status().workers { ChildProcess.signal(worker.pid, SIGKILL) }
                #expect(client.drain(by: .after(.seconds(5))) == .reset)
            }
        }
    }
}
