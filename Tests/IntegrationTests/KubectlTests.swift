// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The client that matters most, through the gateway to the stand-in API.
    @Suite(.timeLimit(.minutes(2)))
    struct KubectlTests {
        /// A gateway in front of `lychgate-demo stand-in`, and a kubeconfig for it.
        struct Cluster {
            let standIn: StandIn
            let gateway: GatewayFixture
            let folder: TemporaryFolder
            let environment: [String: String]
            let admin: Endpoint

            init() throws {
                let certificates = try Certificates.shared.get()
                standIn = try StandIn()
                folder = try TemporaryFolder()
                admin = try Endpoint.free()
                var options = standIn.options
                options.admin = admin
                gateway = try GatewayFixture(options, certificates: certificates)
                let token = try standIn.token(for: "alice", groups: ["developers"])
                let kubeconfig = try folder.write(
                    "kubeconfig",
                    """
                    apiVersion: v1
                    kind: Config
                    current-context: gateway
                    contexts: [{name: gateway, context: {cluster: gateway, user: alice}}]
                    clusters:
                      - name: gateway
                        cluster: {server: "https://\(gateway.endpoint)", certificate-authority: \(certificates.authority)}
                    users: [{name: alice, user: {token: "\(token)"}}]

                    """)
                environment = ["KUBECONFIG": kubeconfig, "HOME": folder.path]
            }

            func kubectl(_ arguments: String...) throws -> ChildProcess.Finished {
                try ChildProcess.run("kubectl", arguments, environment: environment)
            }

            /// One that goes on until it is told to stop.
            func start(_ arguments: String...) throws -> ChildProcess {
                try ChildProcess(
                    Harness.executable("kubectl"), arguments, environment: environment, folder: folder)
            }
        }

        @Test("get, get -w, logs -f, apply and whoami work, and a kubectl that is stopped leaves nothing")
        func commands() throws {
            let cluster = try Cluster()
            defer { cluster.standIn.stop() }

            let pods = try cluster.kubectl("get", "pods", "--all-namespaces", "-o", "name")
            #expect(pods.succeeded && pods.output.contains("pod/"), "\(pods.errors)")
            let table = try cluster.kubectl("get", "namespaces")
            #expect(table.succeeded && table.output.contains("default"), "\(table.errors)")
            let pod = try #require(
                try cluster.kubectl("get", "pods", "-n", "default", "-o", "name").output
                    .split(separator: "\n").first.map(String.init))

            let who = try cluster.kubectl("get", "--raw", "/whoami")
            #expect(who.output.contains("alice") && who.output.contains("developers"), "\(who.errors)")
            let auth = try cluster.kubectl("auth", "whoami", "-o", "json")
            // kubectl before 1.28 has no such command.
            #expect(auth.output.contains("alice") || auth.errors.contains("unknown"), "\(auth.errors)")

            let watch = try cluster.start("get", "pods", "-n", "default", "--watch")
            let logs = try cluster.start("logs", "-n", "default", "--follow", pod)
            let more = eventually(within: .seconds(10), every: .milliseconds(100)) {
                watch.output.split(separator: "\n").count >= 6 && logs.output.split(separator: "\n").count >= 7
            }
            #expect(more, "watch: \(watch.output) \(watch.errors); logs: \(logs.output) \(logs.errors)")
            #expect(try cluster.gateway.status().inFlight == 2)
            for process in [watch, logs] {
                process.signal(SIGTERM)
                #expect(process.waitForExit(within: .seconds(5)) != nil)
            }
            #expect(cluster.gateway.waitUntilIdle(within: .seconds(2)), "a stopped kubectl's request goes on")

            let manifest = try cluster.folder.write(
                "map.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: test, namespace: default}\ndata: {colour: green}\n")
            let applied = try cluster.kubectl("apply", "--validate=false", "-f", manifest)
            #expect(applied.succeeded, "\(applied.errors)")
            try cluster.folder.write(
                "map.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: test, namespace: default}\ndata: {colour: blue}\n")
            let again = try cluster.kubectl("apply", "--validate=false", "-f", manifest)
            #expect(again.succeeded, "\(again.errors)")
            let read = try cluster.kubectl("get", "configmap", "test", "-n", "default", "-o", "jsonpath={.data.colour}")
            #expect(read.output == "blue", "\(read.errors)")

            let page = try ChildProcess.run(
                "curl", ["--silent", "--max-time", "10", "http://\(cluster.admin)/metrics"])
            let metrics = try Metrics(page.output)
            let http2 = metrics.value("requests_total", ["protocol": "h2"]) ?? 0
            #expect(http2 >= 8, "kubectl speaks HTTP/2")
            #expect(metrics.value("requests_total", ["protocol": "http/1.1"]) ?? 0 == 0)

            let stopped = cluster.gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }

        @Test("kubectl says Unauthorized when the token is not good")
        func unauthorized() throws {
            let cluster = try Cluster()
            defer { cluster.standIn.stop() }
            let refused = try cluster.kubectl("get", "pods", "--token", "nonsense")
            #expect(!refused.succeeded)
            #expect(
                refused.errors.contains("Unauthorized") || refused.errors.contains("logged in"), "\(refused.errors)")
            cluster.gateway.stop()
        }
    }
}
