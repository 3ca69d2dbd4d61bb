// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The kernel's version 2.
private enum Hierarchy {
    /// Where version 2 is mounted, if groups can be made there and attributes be set.
    static let folder: String? = {
        guard getuid() == 0, let mounts = try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8),
            let line = mounts.split(separator: "\n").first(where: { $0.split(separator: " ")[2] == "cgroup2" })
        else { return nil }
        let folder = String(line.split(separator: " ")[1])
        let trial = "\(folder)/lychgate-trial-\(getpid())"
        guard unsafe mkdir(trial, 0o755) == 0 else { return nil }
        remove(trial)
        return folder
    }()

    static func make(_ group: String) throws {
        guard unsafe mkdir(group, 0o755) == 0 else { throw HarnessError.system(call: "mkdir", reason: group) }
    }

    /// What is not empty stays.
    static func remove(_ group: String) {
        unsafe rmdir(group)
    }
}

extension Integration {
    /// Control groups of version 2, on the kernel's own hierarchy. Where its memory controller is taken by version 1, as on
    /// many machines, two files stand in for what it says of itself, in a mount namespace of the gateway's own: groups are
    /// then made, entered, found again and removed as anywhere, and only their limits are not there.
    @Suite(.timeLimit(.minutes(1)), .enabled(if: Hierarchy.folder != nil, "needs root and cgroup2"))
    struct ControlGroupTests {
        /// The group of a process in version 2, below the one that the test made.
        private static func group(of pid: Int32, below name: String) -> String? {
            let memberships = try? String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8)
            let line = memberships?.split(separator: "\n").first { $0.hasPrefix("0::") }
            guard let line, let range = line.range(of: "/\(name)/") else { return nil }
            return String(line[range.upperBound...])
        }

        private static func groups(in folder: String) -> Set<String> {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return Set(names.filter { name in ["gateway-", "keyring-", "admin-"].contains { name.hasPrefix($0) } })
        }

        /// Puts the supervisor to be into a delegated group, and goes on to it.
        private static func script(folder: String, controllers: String, program: String) -> String {
            """
            #!/bin/sh
            set -e
            if [ "$1" = serve ]; then
                echo $$ >'\(folder)/cgroup.procs'
                mount --bind '\(controllers)' '\(folder)/cgroup.controllers'
                mount --bind '\(controllers).enabled' '\(folder)/cgroup.subtree_control'
            fi
            exec '\(program)' "$@"
            """
        }

        @Test("Each child has a group of its own, also after an upgrade; it is removed with its child")
        func own() throws {
            let name = "lychgate-test-\(getpid())"
            let folder = try #require(Hierarchy.folder) + "/" + name
            // What a supervisor that was killed has left.
            for group in [folder, "\(folder)/gateway-1", "\(folder)/other"] { try Hierarchy.make(group) }
            defer {
                for group in ["other", "lychgate-supervisor", ""] { Hierarchy.remove("\(folder)/\(group)") }
            }
            let delegated = try ChildProcess.run(
                Harness.python, ["-c", "import os; os.setxattr('\(folder)', 'trusted.delegate', b'1')"])
            #expect(delegated.succeeded, "\(delegated.errors)")
            let files = try TemporaryFolder()
            let controllers = try files.write("controllers", "cpu memory pids\n")
            _ = try files.write("controllers.enabled", "")
            let programs = try InstalledPrograms()
            let script = try files.write(
                "start", Self.script(folder: folder, controllers: controllers, program: programs.supervisor))
            let start = try files.write(
                "unshared", "#!/bin/sh\nexec unshare --mount --propagation private sh '\(script)' \"$@\"\n")
            for file in [script, start] {
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
            }

            try World.run(configure: {
                $0.program = start
                $0.deadlines = ["drain": "1s", "hardStop": "2s"]
            }) { world in
                let supervisor = world.gateway.supervisor.identifier
                #expect(Self.group(of: supervisor, below: name) == "lychgate-supervisor")
                let check = { (when: String) in
                    let status = try world.gateway.status()
                    var wanted: Set<String> = ["keyring-\(status.keyring.pid)"]
                    for worker in status.workers { wanted.insert("gateway-\(worker.pid)") }
                    for group in wanted {
                        let pid = try #require(Int32(group.split(separator: "-")[1]))
                        #expect(Self.group(of: pid, below: name) == group, "\(when)")
                    }
                    expectEventually("\(when): \(Self.groups(in: folder)) \(wanted)", within: .seconds(5)) {
                        Self.groups(in: folder) == wanted
                    }
                }
                try check("at the start")
                #expect(FileManager.default.fileExists(atPath: "\(folder)/other"), "not ours")
                let victim = try #require(world.gateway.status().readyWorkers.first)
                ChildProcess.signal(victim.pid, SIGKILL)
                try wait("its successor") {
                    let now = try world.gateway.status().readyWorkers
                    return now.count == 2 && !now.contains { $0.pid == victim.pid }
                }
                try check("after a death")
                try programs.install(version: "0.1.0+second")
                let finished = try ChildProcess.run(
                    "lychgate", ["upgrade", "--socket", world.gateway.control.path], within: .seconds(60))
                #expect(finished.succeeded, "\(finished.errors)\(world.gateway.log.suffix(2_000))")
                // The adopted ones' groups went with them, although another program had made them.
                try check("after an upgrade")
            }
            expectEventually("\(Self.groups(in: folder))", within: .seconds(2)) { Self.groups(in: folder).isEmpty }
        }
    }
}
