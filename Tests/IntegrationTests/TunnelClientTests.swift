// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// exec, attach and port-forward by real clients, through the gateway to the stand-in API.
    @Suite(.timeLimit(.minutes(2)))
    struct TunnelClientTests {
        @Test("kubectl exec and attach, with input and without, and the exit code")
        func kubectl() throws {
            let cluster = try KubectlTests.Cluster()
            defer { cluster.standIn.stop() }
            let echo = try cluster.kubectl("exec", "bell", "--", "echo", "hello", "there")
            #expect(echo.succeeded && echo.output == "hello there\n", "\(echo.errors)")
            let failed = try cluster.kubectl("exec", "bell", "--", "exit", "7")
            #expect(failed.exit == .code(7), "\(failed.errors)")

            // A megabyte through `cat`, and the end of the input with it.
            try cluster.folder.write("input", String(repeating: "0123456789abcdef", count: 65_536))
            let input = cluster.folder.file("input")
            let cat = try shell("kubectl exec -i bell -- cat < \(input) | cmp - \(input) && echo same", cluster)
            #expect(cat.output == "same\n", "\(cat.output) \(cat.errors)")
            let attached = try shell("echo over | kubectl attach -i bell", cluster)
            #expect(attached.output.contains("over"), "\(attached.errors)")

            let missing = try cluster.kubectl("exec", "nobody", "--", "echo")
            #expect(missing.errors.contains("not found"), "\(missing.errors)")
            #expect(cluster.gateway.waitUntilIdle(within: .seconds(3)))
            #expect(cluster.gateway.logs(#""status":101,"end":"completed""#), "\(cluster.gateway.log)")

            // One that is killed takes its tunnel with it.
            let held = try ChildProcess(
                "/bin/sh", ["-c", "sleep 60 | exec kubectl exec -i bell -- cat"], environment: cluster.environment,
                folder: cluster.folder)
            try wait("the tunnel") { try cluster.gateway.status().inFlight == 1 }
            for child in ProcessFigures.children(of: held.identifier) { ChildProcess.signal(child, SIGKILL) }
            held.signal(SIGKILL)
            #expect(cluster.gateway.waitUntilIdle(within: .seconds(3)), "a killed kubectl's tunnel goes on")

            let stopped = cluster.gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }

        @Test("The Kubernetes project's Python client: exec, attach, port-forward")
        func python() throws {
            let cluster = try KubectlTests.Cluster()
            defer { cluster.standIn.stop() }
            let finished = try ChildProcess.run(
                Harness.python, [Harness.root + "/Tests/KubernetesClient/streams.py"],
                environment: cluster.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }, within: .seconds(60))
            let expected = """
                exec: hello from python
                cat: same
                exit: 7
                attach: attached
                port: through the port
                missing: 404

                """
            #expect(finished.succeeded && finished.output == expected, "\(finished.output) \(finished.errors)")
            #expect(cluster.gateway.waitUntilIdle(within: .seconds(3)))
            let stopped = cluster.gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }

        private func shell(_ line: String, _ cluster: KubectlTests.Cluster) throws -> ChildProcess.Finished {
            try ChildProcess.run("/bin/sh", ["-c", line], environment: cluster.environment)
        }
    }
}
