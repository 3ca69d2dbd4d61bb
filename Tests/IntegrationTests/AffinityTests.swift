// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Gateway workers that are bound to processors, by the kernel's word.
    @Suite(.timeLimit(.minutes(1)))
    struct AffinityTests {
        /// What the kernel says of each ready worker, beside what the gateway says.
        private static func check(_ world: World, _ when: String) throws {
            let usable = try #require(ProcessFigures(of: world.gateway.supervisor.identifier)).processors
            let workers = try world.gateway.status().readyWorkers
            #expect(workers.count == 2)
            for worker in workers {
                let processor = try #require(worker.processor, "\(when)")
                #expect(ProcessFigures(of: worker.pid)?.processors == "\(processor)", "\(when)")
            }
            // With one processor alone both are on it.
            let most = usable.contains(where: { $0 == "-" || $0 == "," }) ? 2 : 1
            #expect(Set(workers.compactMap(\.processor)).count == most, "\(when): \(workers.map(\.processor))")
            let others = world.gateway.processes().filter { !$0.command.contains("gateway") }
            #expect(others.count >= 2 && others.allSatisfy { $0.processors == usable }, "\(when): \(others)")
        }

        @Test("Each worker has a processor of its own: from the start, after a death, a reload and an upgrade")
        func bound() throws {
            let programs = try InstalledPrograms()
            try World.run(configure: {
                $0.program = programs.supervisor
                $0.cpuAffinity = "auto"
                $0.deadlines = ["drain": "1s", "hardStop": "2s"]
            }) { world in
                let tell = { (command: String) in
                    let finished = try ChildProcess.run(
                        "lychgate", [command, "--socket", world.gateway.control.path], within: .seconds(60))
                    #expect(finished.succeeded, "\(finished.errors)")
                }
                try Self.check(world, "at the start")
                let table = try ChildProcess.run("lychgate", ["status", "--socket", world.gateway.control.path]).output
                #expect(table.contains("FDS  CPU"), "\(table)")
                let victim = try #require(world.gateway.status().readyWorkers.last)
                ChildProcess.signal(victim.pid, SIGKILL)
                try wait("its successor") {
                    let now = try world.gateway.status().readyWorkers
                    return now.count == 2 && !now.contains { $0.pid == victim.pid }
                }
                try Self.check(world, "after a death")
                try tell("restart")
                try Self.check(world, "after a restart")
                try programs.install(version: "0.1.0+second")
                try tell("upgrade")
                #expect(try world.gateway.status().version == "0.1.0+second")
                try Self.check(world, "after an upgrade")
                let file = world.gateway.configurationFile
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try text.replacing("cpuAffinity: auto", with: "cpuAffinity: off").write(
                    toFile: file, atomically: true, encoding: .utf8)
                try tell("reload")
                let usable = ProcessFigures(of: world.gateway.supervisor.identifier)?.processors
                let workers = try world.gateway.status().readyWorkers
                #expect(workers.count == 2)
                #expect(workers.allSatisfy { $0.processor == nil && ProcessFigures(of: $0.pid)?.processors == usable })
            }
        }
    }
}
