// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// A supervisor that has no descriptors left.
    @Suite(.timeLimit(.minutes(1)))
    struct DescriptorLimitTests {
        /// Descriptors that the supervisor may still open.
        private static let room = 24

        private static func limit(_ gateway: GatewayFixture, to count: Int) throws {
            let finished = try ChildProcess.run(
                "prlimit", ["--pid", "\(gateway.supervisor.identifier)", "--nofile=\(count):"])
            #expect(finished.succeeded, "\(finished.errors)")
        }

        @Test("It pauses, replaces workers and answers its operator all the same, and goes on when it has some again")
        func exhausted() throws {
            let admin = try Endpoint.free()
            try World.run(configure: { $0.admin = admin }) { world in
                let gateway = world.gateway
                let metrics = {
                    try Metrics(
                        ChildProcess.run("curl", ["--silent", "--max-time", "5", "http://\(admin)/metrics"]).output)
                }
                #expect(try metrics().value("descriptor_pauses_total") == 0)
                let supervisor = gateway.supervisor.identifier
                let open = try #require(ProcessFigures(of: supervisor)).descriptors
                let before = try #require(ProcessFigures(of: supervisor)).processorMilliseconds
                try Self.limit(gateway, to: open + Self.room)
                // They say nothing, so no worker claims them, and the supervisor keeps its copies.
                let silent = try (0..<Self.room * 2).map { _ in try RawClient.connect(to: gateway.endpoint) }
                try wait("the pause") { gateway.log.contains("cannot accept for now") }
                let worker = try #require(gateway.status().readyWorkers.first, "the control socket has a reserve")
                #expect(ProcessFigures(of: supervisor)?.descriptors ?? 0 >= open + Self.room - 1)
                ChildProcess.signal(worker.pid, SIGKILL)
                try wait("its successor, by the reserve") {
                    let now = try gateway.status().readyWorkers
                    return now.count == 2 && !now.contains { $0.pid == worker.pid }
                }
                // Two at once, while there is one place: the second waits, and nothing spins.
                let asking = (0..<4).map { _ in
                    Harness.inBackground { (try? gateway.control.status())?.readyWorkers.count }
                }
                #expect(asking.map { $0() } == [2, 2, 2, 2])
                sleep(for: .seconds(1))
                let spent = (ProcessFigures(of: supervisor)?.processorMilliseconds ?? 0) - before
                #expect(spent < 1_500, "\(spent) ms of processor time")

                for client in silent { client.wire.close() }
                try wait("service") {
                    (try? gateway.connect().request("GET", "/after", token: world.token).status) == 200
                }
                try wait("its reserve") { (try? metrics().value("descriptor_pauses_total")) ?? 0 > 0 }
                #expect(gateway.waitUntilIdle(within: .seconds(10)))
                #expect(try gateway.status().handoff.lost == 0)
                #expect(try gateway.status().recycles == ["died": 1])
                var table = FiguresTable("no descriptor left in the supervisor", columns: ["what", "figure"])
                table.add("pauses", "\(Int(try metrics().value("descriptor_pauses_total") ?? 0))")
                table.add("processor time meanwhile, ms", "\(spent)")
                table.print()
            }
        }
    }
}
