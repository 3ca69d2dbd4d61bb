// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The running gateway becomes another build, or refuses to, while clients go on asking.
    @Suite(.timeLimit(.minutes(3)))
    struct UpgradeTests {
        private static func tell(_ command: String, _ world: World) throws -> ChildProcess.Finished {
            try ChildProcess.run(
                "lychgate", [command, "--socket", world.gateway.control.path, "--timeout", "50s"],
                within: .seconds(60))
        }

        /// A world whose gateway runs programs in a folder of its own.
        private static func run(
            configure: (inout GatewayOptions) -> Void = { _ in },
            script: @escaping ScriptedUpstream.Script = StandardUpstream.serve,
            _ body: (World, InstalledPrograms) throws -> Void
        ) throws {
            let programs = try InstalledPrograms()
            try World.run(
                configure: { options in
                    options.program = programs.supervisor
                    configure(&options)
                }, script: script
            ) { world in
                try body(world, programs)
            }
        }

        private static func pids(_ world: World) throws -> Set<Int32> {
            Set(try world.gateway.status().readyWorkers.map(\.pid))
        }

        @Test("Another build takes over under load: no failed request, no lost listener, the same pid")
        func upgraded() throws {
            let admin = try Endpoint.free()
            try Self.run(
                configure: {
                    $0.admin = admin
                    $0.deadlines = ["drain": "2s", "hardStop": "4s"]
                }
            ) { world, programs in
                let metrics = { try Metrics(ChildProcess.run("curl", ["--silent", "http://\(admin)/metrics"]).output) }
                let before = try world.gateway.status()
                let children = Set(ProcessFigures.children(of: before.pid))
                let started = try #require(metrics().value("start_time_seconds"))
                let load = ConstantLoad(world)
                try wait("load") { load.served > 50 }
                let mark = load.served
                try programs.install(version: "0.1.0+second")
                let start = ContinuousClock.now
                let finished = try Self.tell("upgrade", world)
                let took = (ContinuousClock.now - start).milliseconds
                #expect(finished.succeeded, "\(finished.errors)\(world.gateway.log.suffix(3_000))")
                #expect(finished.output.contains("version 0.1.0+second took over from 0.1.0"), "\(finished.output)")
                let after = try world.gateway.status()
                let during = load.served - mark
                try wait("load after the upgrade") { load.served > mark + during + 50 }
                let tally = load.stop()
                #expect(tally.failures == [], "\(world.gateway.log.suffix(3_000))")
                #expect(during > 20, "the load stood still")

                #expect(after.pid == before.pid && after.pid == world.gateway.supervisor.identifier)
                #expect(after.version == "0.1.0+second" && before.version == "0.1.0")
                #expect(after.handoff.accepted > before.handoff.accepted + 20, "it does not count on")
                #expect(after.handoff.lost == 0)
                #expect(after.readyWorkers.count == 2 && after.recycles["roll"] == 2)
                #expect(after.keyring.pid != before.keyring.pid && after.keyring.state == "ready")
                try wait("every child's replacement") {
                    let now = Set(ProcessFigures.children(of: after.pid))
                    return now.count == children.count && now.isDisjoint(with: children)
                }
                try wait("the new admin process") {
                    try metrics().value("build_info", ["version": "0.1.0+second"]) == 1
                }
                let page = try metrics()
                #expect(page.value("start_time_seconds") == started)
                #expect(page.value("reloads_total", ["kind": "upgrade", "result": "done"]) == 1)
                #expect(page.value("worker_recycles_total", ["reason": "roll"]) ?? 0 >= 2)

                var table = FiguresTable("upgrade in place under load", columns: ["what", "figure"])
                table.add("ms in all", took.rounded(to: 0))
                table.add("requests served meanwhile", "\(during)")
                table.add("requests failed", "\(tally.failures.count)")
                table.print()
            }
        }

        @Test("Watches go through a change of the supervisor, and end with their worker's drain")
        func watches() throws {
            try Self.run(
                configure: { $0.deadlines = ["drain": "3s", "hardStop": "6s"] }, script: ShutdownTests.serve
            ) { world, programs in
                let watches = try (0..<8).map { _ in try world.gateway.connect() }
                for watch in watches {
                    watch.send("GET", "/api/v1/pods?watch=true", token: world.token)
                    _ = try watch.reader.readHead(by: .after(.seconds(5)))
                }
                try programs.install(version: "0.1.0+second")
                world.gateway.supervisor.signal(SIGUSR2)
                try wait("the new version") { try world.gateway.status().version == "0.1.0+second" }
                // The program is another one; nobody has drained yet, or only the first worker.
                let status = try world.gateway.status()
                #expect(status.inFlight == 8, "\(status.workers)")
                for watch in watches { #expect(try !watch.reader.readSome(by: .after(.seconds(1))).isEmpty) }
                let requests = world.upstream.requests.count
                for watch in watches { #expect(watch.drain(by: .after(.seconds(20))) != nil) }
                #expect(requests == 8, "a watch was begun again")
                try wait("the end of the roll", within: .seconds(15)) {
                    try world.gateway.status().recycles["roll"] == 2
                }
            }
        }

        @Test("Upgrades again and again leave no descriptor and no child behind")
        func repeated() throws {
            try Self.run(configure: { $0.admin = try? Endpoint.free() }) { world, programs in
                let passedOn = try Self.passedOn(by: world.gateway.supervisor.identifier)
                let load = ConstantLoad(world, clients: 2)
                var levels: [Int] = []
                for round in 1...4 {
                    try programs.install(version: "0.1.0+\(round)")
                    let finished = try Self.tell("upgrade", world)
                    #expect(finished.succeeded, "\(finished.errors)")
                    let pid = world.gateway.supervisor.identifier
                    try wait("four children") { ProcessFigures.children(of: pid).count == 4 }
                    #expect(try world.gateway.status().version == "0.1.0+\(round)")
                    if round == 4 { #expect(load.stop().failures == []) }
                    levels.append(ProcessFigures.settledDescriptors(of: pid))
                }
                #expect(Set(levels.dropFirst()).count <= 2, "\(levels)")
                #expect(levels[3] <= levels[1], "\(levels)")
                #expect(try Self.passedOn(by: world.gateway.supervisor.identifier) == passedOn)
            }
        }

        /// What a program that this process became would find open: the standard descriptors, and the end of a socket pair
        /// that Foundation's Process leaves in all that it starts, by which it learns of their end.
        private static func passedOn(by pid: Int32) throws -> [Int] {
            let open = try DescriptorTable.of(pid).filter { !$0.closesOnExec }
            #expect(open.prefix(3).map(\.number) == [0, 1, 2])
            #expect(open.count <= 4 && open.dropFirst(3).allSatisfy { $0.target.hasPrefix("socket:") }, "\(open)")
            return open.map(\.number)
        }

        @Test(
            "A new program that fails leaves the old one serving, and the command says why",
            arguments: [
                (BadProgram.notExecutable, "Permission denied"), (.exits, "exit code 3"), (.crashes, "signal 11"),
                (.hangs, "did not end its check"), (.noProgram, "Exec format error"),
                (.otherFormat, "its state has format 99"), (.olderWorker, "must be of one build"),
                (.noWorker, "lychgate-worker"), (.badConfiguration, "wokers"),
            ])
        func refused(program: BadProgram, why: String) throws {
            try Self.run { world, programs in
                let before = try world.gateway.status()
                let pids = try Self.pids(world)
                let load = ConstantLoad(world)
                try wait("load") { load.served > 50 }
                try program.install(programs, configuration: world.gateway.configurationFile)
                let finished = try Self.tell("upgrade", world)
                #expect(finished.exit == .code(1))
                #expect(finished.errors.contains(why), "\(finished.errors)")
                #expect(world.gateway.logs("this program goes on"))
                let served = load.served
                try wait("load afterwards") { load.served > served + 50 }
                #expect(load.stop().failures == [])
                let after = try world.gateway.status()
                #expect(after.pid == before.pid && after.version == before.version && after.state == "running")
                #expect(try Self.pids(world) == pids)
                expectEventually(within: .seconds(5)) {
                    ProcessFigures.children(of: before.pid).count == pids.count + 1
                }
                // A worker that dies now is started from the program that this supervisor knows.
                ChildProcess.signal(pids.first ?? 0, SIGKILL)
                try world.gateway.waitUntilReady(workers: 2)
                expectEventually(within: .seconds(5)) { (try? Self.pids(world))?.isSubset(of: pids) == false }
            }
        }

        @Test("A worker's check that hangs is named as such, in time, and leaves nobody behind")
        func workerCheckHangs() throws {
            try Self.run { world, programs in
                try programs.install(version: "0.1.0+second")
                try programs.spoilWorker("[ \"$1\" = check ] && exec sleep 61.7")
                let start = ContinuousClock.now
                let finished = try Self.tell("upgrade", world)
                #expect(finished.exit == .code(1))
                #expect(finished.errors.contains("did not check the configuration within"), "\(finished.errors)")
                #expect((ContinuousClock.now - start).milliseconds < 9_500)
                let left = try ChildProcess.run("pgrep", ["--full", "sleep 61.7"])
                #expect(left.output == "", "\(left.output)")
                #expect(try world.gateway.status().version == "0.1.0")
            }
        }

        @Test("A new program that finds out too late that it cannot go on gives everything back")
        func goesBack() throws {
            try Self.run { world, programs in
                let pids = try Self.pids(world)
                let load = ConstantLoad(world)
                try wait("load") { load.served > 50 }
                let configuration = try String(contentsOfFile: world.gateway.configurationFile, encoding: .utf8)
                // It passes its check; then the configuration is broken, in the moment of the change.
                try programs.installScript(
                    """
                    [ "$1" = upgrade-check ] || echo 'broken: [' >> '\(world.gateway.configurationFile)'
                    exec '\(programs.copy(version: "0.1.0+second"))' "$@"
                    """)
                let finished = try Self.tell("upgrade", world)
                #expect(finished.exit == .code(1))
                #expect(finished.errors.contains("lychgate.yaml:"), "\(finished.errors)")
                #expect(world.gateway.logs("cannot take over; the program before goes on"))
                let served = load.served
                try wait("load afterwards") { load.served > served + 50 }
                #expect(load.stop().failures == [])
                let status = try world.gateway.status()
                #expect(status.version == "0.1.0" && status.pid == world.gateway.supervisor.identifier)
                #expect(try Self.pids(world) == pids)

                // It is whole: the next upgrade succeeds.
                try configuration.write(
                    toFile: world.gateway.configurationFile, atomically: true, encoding: .utf8)
                try programs.install(version: "0.1.0+third")
                let again = try Self.tell("upgrade", world)
                #expect(again.succeeded, "\(again.errors)")
                #expect(try world.gateway.status().version == "0.1.0+third")
            }
        }

        @Test("When the new workers do not become ready, the workers before go on under the new supervisor")
        func newWorkersFail() throws {
            try Self.run { world, programs in
                let pids = try Self.pids(world)
                let load = ConstantLoad(world)
                try wait("load") { load.served > 50 }
                try programs.install(version: "0.1.0+second")
                try programs.spoilWorker("[ \"$1\" = gateway ] && exit 9")
                let finished = try Self.tell("upgrade", world)
                #expect(finished.exit == .code(1))
                #expect(finished.errors.contains("the workers of the version before go on"), "\(finished.errors)")
                // One that dies is started again from the program before, which is on no disk any more.
                ChildProcess.signal(pids.first ?? 0, SIGKILL)
                try wait("another of the same") {
                    let now = try Self.pids(world)
                    return now.count == 2 && now.intersection(pids).count == 1
                }
                let status = try world.gateway.status()
                #expect(status.version == "0.1.0+second" && status.state == "running")
                try programs.install(version: "0.1.0+third")
                let again = try Self.tell("upgrade", world)
                #expect(again.succeeded, "\(again.errors)")
                #expect(try Self.pids(world).isDisjoint(with: pids))
                // A connection that was on the killed worker is lost; nothing else is.
                let failures = load.stop().failures
                #expect(failures.count <= 6, "\(failures)")
            }
        }

        @Test("`lychgate restart` replaces the admin process, too, and refuses a worker of another protocol")
        func restart() throws {
            let admin = try Endpoint.free()
            try Self.run(configure: { $0.admin = admin }) { world, programs in
                let pid = world.gateway.supervisor.identifier
                let children = Set(ProcessFigures.children(of: pid))
                let restarted = try Self.tell("restart", world)
                #expect(restarted.succeeded, "\(restarted.errors)")
                try wait("four other children") {
                    let now = Set(ProcessFigures.children(of: pid))
                    return now.count == 4 && now.isDisjoint(with: children)
                }
                expectEventually(within: .seconds(5)) {
                    (try? ChildProcess.run("curl", ["--silent", "http://\(admin)/readyz"]).output) == "ok"
                }
                #expect(!world.gateway.log.contains("child died"), "\(world.gateway.log)")

                let pids = try Self.pids(world)
                // ToSupervisor.hello of a version that this supervisor does not know, on descriptor 3.
                try programs.spoilWorker(
                    "[ \"$1\" = gateway ] && printf '\\001\\000\\143\\000\\000\\000' >&3 && sleep 20")
                let refused = try Self.tell("restart", world)
                #expect(refused.exit == .code(1))
                #expect(refused.errors.contains("another version of the control protocol"), "\(refused.errors)")
                #expect(world.gateway.logs("must be of one build"))
                #expect(try Self.pids(world) == pids)
                #expect(try world.gateway.status().recycles["version_skew"] == 1)
            }
        }

        @Test("Only what is passed crosses from the supervisor to its children")
        func descriptors() throws {
            let admin = try Endpoint.free()
            try Self.run(configure: { $0.admin = admin }) { world, _ in
                let pid = world.gateway.supervisor.identifier
                let own = try DescriptorTable.of(pid)
                #expect(own.count > 15)
                _ = try Self.passedOn(by: pid)
                let sockets = Set(own.map(\.target).filter { $0.hasPrefix("socket:") })
                for child in ProcessFigures.children(of: pid) {
                    let theirs = try DescriptorTable.of(child)
                    // Libraries' sockets (libcurl's) are theirs; of ours there is only the channel.
                    let open = theirs.filter { !$0.closesOnExec && ($0.number < 4 || !$0.target.hasPrefix("socket:")) }
                    #expect(open.map(\.number) == [0, 1, 2, 3], "\(theirs)")
                    #expect(sockets.isDisjoint(with: theirs.map(\.target)), "\(theirs)")
                    #expect(theirs.first { $0.number == 0 }?.target == "/dev/null")
                }
            }
        }
    }
}
