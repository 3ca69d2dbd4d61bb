// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The end of the whole: in time, with nothing left, and said in one line.
    @Suite(.timeLimit(.minutes(2)))
    struct ShutdownTests {
        /// `/soon` answers after a second, anything else streams without an end.
        static let serve: ScriptedUpstream.Script = { connection in
            while true {
                let head = try connection.readHead()
                if head.target == "/soon" {
                    sleep(for: .seconds(1))
                    connection.answer(body: "served out")
                    continue
                }
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while connection.wire.waitForPeerClose(by: .after(.milliseconds(50))) == nil {
                    connection.writeChunk("tick")
                }
                return
            }
        }

        @Test("SIGTERM: what can end in time ends, the rest is cut at the deadline, exit 0")
        func drain() throws {
            let world = try World(
                configure: { $0.deadlines = ["drain": "2s", "hardStop": "5s"] }, script: Self.serve)
            let gateway = world.gateway
            let idle = try gateway.connect()
            #expect(try idle.request("GET", "/soon", token: world.token).text == "served out")
            let watch = try gateway.connect()
            watch.send("GET", "/api/v1/pods?watch=true", token: world.token)
            _ = try watch.reader.readHead(by: .after(.seconds(5)))
            let soon = try gateway.connect()
            soon.send("GET", "/soon", token: world.token)
            try wait("the requests upstream") { world.upstream.requests.count == 3 }

            let start = ContinuousClock.now
            let stopping = Harness.inBackground { gateway.stop() }
            #expect(idle.drain(by: .after(.seconds(1))) != nil, "an idle connection stayed")
            expectEventually(within: .seconds(1)) { (try? RawClient.connect(to: gateway.endpoint)) == nil }
            let response = try soon.reader.readResponse(by: .after(.seconds(5)))
            #expect(response.text == "served out")
            #expect(response.head["connection"]?.lowercased() == "close")
            #expect(watch.drain(by: .after(.seconds(6))) != nil)
            let watched = (ContinuousClock.now - start).milliseconds

            let stopped = stopping()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
            #expect(watched > 1_900 && watched < 3_500, "the watch was cut after \(watched) ms")
            #expect(stopped.took < .seconds(4))
            expectEventually(within: .seconds(1)) { world.upstream.ledger.open == 0 }
            let summary = stopped.log.split(separator: "\n").filter { $0.contains("served") && $0.contains("cut") }
            #expect(summary.count == 1, "\(stopped.log.suffix(2_000))")
            var table = FiguresTable("SIGTERM with a drain of 2 s", columns: ["what", "ms"])
            table.add("watch cut after", watched.rounded(to: 0))
            table.add("exit after", stopped.took.milliseconds.rounded(to: 0))
            table.print()
            world.upstream.stop()
        }

        @Test("With nothing in flight, SIGTERM and SIGINT end it at once", arguments: [SIGTERM, SIGINT])
        func idle(signal: Int32) throws {
            let world = try World()
            let stopped = world.gateway.stop(signal)
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
            #expect(stopped.took < .seconds(2))
            world.upstream.stop()
        }

        @Test("A second SIGTERM does not wait for the drain")
        func secondSignal() throws {
            let world = try World(script: Self.serve)
            let watch = try world.gateway.connect()
            watch.send("GET", "/api/v1/pods?watch=true", token: world.token)
            _ = try watch.reader.readHead(by: .after(.seconds(5)))
            let gateway = world.gateway
            let stopping = Harness.inBackground { gateway.stop() }
            sleep(for: .milliseconds(500))
            #expect(ProcessFigures.isAlive(gateway.supervisor.identifier), "the drain of 30 s is over already")
            let start = ContinuousClock.now
            gateway.supervisor.signal(SIGTERM)
            let stopped = stopping()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
            #expect(ContinuousClock.now - start < .seconds(2))
            world.upstream.stop()
        }

        /// A world, and its supervisor's children: two gateway workers and the keyring.
        private static func worldToKill() throws -> (World, [Int32]) {
            let world = try World(
                configure: { $0.deadlines = ["drain": "2s", "hardStop": "5s"] }, script: serve)
            let children = ProcessFigures.children(of: world.gateway.supervisor.identifier)
            #expect(children.count == 3)
            return (world, children)
        }

        private static func kill(_ children: [Int32]) {
            for child in children where ProcessFigures.isAlive(child) { ChildProcess.signal(child, SIGKILL) }
        }

        @Test("When the supervisor is killed, its workers serve out what can end in time, and end by themselves")
        func supervisorKilled() throws {
            let (world, children) = try Self.worldToKill()
            defer { Self.kill(children) }
            let watch = try world.gateway.connect()
            watch.send("GET", "/api/v1/pods?watch=true", token: world.token)
            _ = try watch.reader.readHead(by: .after(.seconds(5)))
            let soon = try world.gateway.connect()
            soon.send("GET", "/soon", token: world.token)
            try wait("the request upstream") { world.upstream.requestCount(for: "/soon") == 1 }
            world.gateway.supervisor.signal(SIGKILL)
            let response = try soon.reader.readResponse(by: .after(.seconds(5)))
            #expect(response.status == 200 && response.text == "served out")
            // Its end is a proper one.
            #expect(watch.drain(by: .after(.seconds(5))) != nil)
            expectEventually(within: .seconds(6)) { !children.contains(where: ProcessFigures.isAlive) }
            expectEventually(within: .seconds(1)) { world.upstream.ledger.open == 0 }
            world.upstream.stop()
        }

        @Test("A worker that hangs outlives a killed supervisor by hardStop at most; a stopped one goes on")
        func supervisorKilledWhileWorkersHang() throws {
            let (world, children) = try Self.worldToKill()
            defer { Self.kill(children) }
            let workers = try world.gateway.status().readyWorkers.map(\.pid)
            #expect(workers.count == 2)
            // A fault of a debug build's worker: its loop never turns again.
            ChildProcess.signal(workers[0], SIGUSR2)
            ChildProcess.signal(workers[1], SIGSTOP)
            sleep(for: .milliseconds(200))
            let start = ContinuousClock.now
            world.gateway.supervisor.signal(SIGKILL)
            // The one that was stopped goes on, and has nothing to serve out.
            expectEventually(within: .seconds(3)) { children.filter(ProcessFigures.isAlive) == [workers[0]] }
            expectEventually(within: .seconds(8)) { !children.contains(where: ProcessFigures.isAlive) }
            let took = (ContinuousClock.now - start).milliseconds
            #expect(took > 4_500, "\(took) ms")
            world.upstream.stop()
        }

        @Test("A worker that was stopped and goes on is not left alone, and lives on")
        func continued() throws {
            try World.run(configure: { $0.deadlines = ["drain": "500ms", "hardStop": "1s"] }) { world in
                let before = try world.gateway.status().readyWorkers.map(\.pid)
                for signal in [SIGSTOP, SIGCONT, SIGCONT] {
                    for pid in before { ChildProcess.signal(pid, signal) }
                    sleep(for: .milliseconds(300))
                }
                sleep(for: .seconds(2))
                #expect(try world.gateway.status().readyWorkers.map(\.pid) == before)
                #expect(try world.gateway.status().recycles.isEmpty)
            }
        }
    }
}
