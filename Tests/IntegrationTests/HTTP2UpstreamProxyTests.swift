// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// A server of HTTP/2 that is nobody's stand-in: HAProxy, in front of the stand-in API.
    @Suite(.timeLimit(.minutes(3)))
    struct HTTP2UpstreamProxyTests {
        /// HAProxy with ALPN h2 and http/1.1.
        private final class Proxy {
            let endpoint: Endpoint
            let process: ChildProcess
            private let folder: TemporaryFolder

            init(before options: GatewayOptions, certificates: Certificates) throws {
                folder = try TemporaryFolder()
                endpoint = try Endpoint.free()
                let read = { try String(contentsOfFile: $0, encoding: .utf8) }
                let own = try folder.write("server.pem", read(certificates.certificate) + read(certificates.key))
                guard let client = options.upstreamClient, let authority = options.upstreamAuthority else {
                    throw HarnessError.unexpected("no stand-in")
                }
                let shown = try folder.write("client.pem", read(client.certificate) + read(client.key))
                let file = try folder.write(
                    "haproxy.cfg",
                    """
                    defaults
                      mode http
                      timeout connect 5s
                      timeout client 1h
                      timeout server 1h
                      timeout tunnel 1h
                    frontend front
                      bind \(endpoint) ssl crt \(own) alpn h2,http/1.1
                      default_backend back
                    backend back
                      server api \(options.upstream) ssl verify required ca-file \(authority) crt \(shown) alpn http/1.1

                    """)
                process = try ChildProcess(
                    Harness.executable("haproxy"), ["-db", "-f", file], environment: [:], folder: folder)
                let endpoint = endpoint
                try wait("HAProxy: \(process.errors)") {
                    guard let probe = try? RawClient.connect(to: endpoint) else { return false }
                    probe.wire.close()
                    return true
                }
            }

            func stop() { process.signal(SIGKILL) }
        }

        private func run(_ body: (KubectlTests.Cluster, Proxy) throws -> Void) throws {
            let certificates = try Certificates.shared.get()
            var proxy: Proxy?
            let cluster = try KubectlTests.Cluster { options in
                proxy = try? Proxy(before: options, certificates: certificates)
                options.upstream = proxy?.endpoint ?? options.upstream
                options.upstreamAuthority = certificates.authority
                options.upstreamClient = nil
                options.upstreamHTTP2 = true
                options.workers = 1
            }
            defer { cluster.standIn.stop() }
            let running = try #require(proxy)
            defer { running.stop() }
            try body(cluster, running)
            let stopped = cluster.gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }

        private func metrics(_ cluster: KubectlTests.Cluster) throws -> Metrics {
            try Metrics(
                ChildProcess.run("curl", ["--silent", "--max-time", "10", "http://\(cluster.admin)/metrics"]).output)
        }

        @Test("kubectl get, get -w, logs -f and apply on streams; exec through a connection of its own, by HTTP/1.1")
        func kubectl() throws {
            try run { cluster, _ in
                let pods = try cluster.kubectl("get", "pods", "-n", "default", "-o", "name")
                let pod = try #require(pods.output.split(separator: "\n").first.map(String.init), "\(pods.errors)")
                let watch = try cluster.start("get", "pods", "-n", "default", "--watch")
                let logs = try cluster.start("logs", "-n", "default", "--follow", pod)
                let more = eventually(within: .seconds(10), every: .milliseconds(100)) {
                    watch.output.split(separator: "\n").count >= 6 && logs.output.split(separator: "\n").count >= 7
                }
                #expect(more, "watch: \(watch.output) \(watch.errors); logs: \(logs.output) \(logs.errors)")
                #expect(try metrics(cluster).value("upstream_streams") == 2)
                #expect(try metrics(cluster).value("upstream_http2_connections") == 1)

                let manifest = try cluster.folder.write(
                    "map.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: h2, namespace: default}\ndata: {a: green}\n")
                let applied = try cluster.kubectl("apply", "--validate=false", "-f", manifest)
                #expect(applied.succeeded, "\(applied.errors)")
                let read = try cluster.kubectl("get", "configmap", "h2", "-n", "default", "-o", "jsonpath={.data.a}")
                #expect(read.output == "green", "\(read.errors)")

                let echo = try cluster.kubectl("exec", "bell", "--", "echo", "hello", "there")
                #expect(echo.succeeded && echo.output == "hello there\n", "\(echo.errors)")
                let opened = try metrics(cluster)
                #expect(opened.value("upstream_http2_connections") == 1)
                #expect(opened.value("upstream_connections_opened_total") ?? 0 >= 2)

                for process in [watch, logs] {
                    process.signal(SIGTERM)
                    #expect(process.waitForExit(within: .seconds(5)) != nil)
                }
                #expect(cluster.gateway.waitUntilIdle(within: .seconds(2)), "a stopped kubectl's request goes on")
                #expect(try metrics(cluster).value("upstream_streams") == 0)
            }
        }

        @Test("A server that dies without a sign is noticed within 20 s, and the next connection serves again")
        func silence() throws {
            try run { cluster, proxy in
                let token = try cluster.standIn.token(for: "alice", groups: ["developers"])
                let watch = try cluster.gateway.connect()
                watch.send("GET", "/api/v1/namespaces/default/pods?watch=true", token: token)
                _ = try watch.reader.readHead(by: .after(.seconds(10)))
                proxy.process.signal(SIGSTOP)
                let frozen = ContinuousClock.now
                let end = watch.drain(by: .after(.seconds(25)))
                let took = (ContinuousClock.now - frozen).milliseconds / 1_000
                #expect(end != nil && took > 9 && took < 21, "\(took) s")
                #expect(try metrics(cluster).value("upstream_http2_ended_total", ["reason": "silent"]) == 1)
                #expect(try cluster.gateway.status().orphans == 0)
                #expect(cluster.gateway.logs("upstream_silent"), "\(cluster.gateway.log)")
                proxy.process.signal(SIGCONT)
                let pods = try cluster.kubectl("get", "pods", "-n", "default")
                #expect(pods.succeeded, "\(pods.errors)")
                var table = FiguresTable("a frozen API server", columns: ["what", "s"])
                table.add("from SIGSTOP to the watch's end (promised 20)", took.rounded(to: 1))
                table.print()
            }
        }
    }
}
