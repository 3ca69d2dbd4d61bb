// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Who may connect, how often, and for whom a proxy may speak.
    @Suite(.timeLimit(.minutes(2)))
    struct ListenerTests {
        /// Answers with what the API server is told of the client.
        static let tellsClient: ScriptedUpstream.Script = { connection in
            while true {
                let head = try connection.readHead()
                connection.answer(body: head["x-forwarded-for"] ?? "nobody")
            }
        }

        /// A header of version 2 for TCP over IPv4, from 192.0.2.7:8080.
        private static let header: [UInt8] =
            [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10, 0x21, 0x11, 0, 12]
            + [192, 0, 2, 7, 198, 51, 100, 1, 0x1F, 0x90, 0x01, 0xBB]

        @Test("HAProxy speaks for its clients, with a checksum, and its own checks are no clients")
        func haproxy() throws {
            try World.run(
                configure: { $0.proxies = "[127.0.0.1]" }, script: Self.tellsClient
            ) { world in
                let folder = try TemporaryFolder()
                let front = try Endpoint.free(on: "127.0.0.2")
                let configuration = try folder.write(
                    "haproxy.cfg",
                    """
                    defaults
                      mode tcp
                      timeout connect 5s
                      timeout client 20s
                      timeout server 20s
                    frontend in
                      bind \(front)
                      default_backend gateway
                    backend gateway
                      server one \(world.gateway.endpoint) source 127.0.0.1 check inter 200ms send-proxy-v2 \
                    proxy-v2-options crc32c,unique-id check-send-proxy

                    """)
                let haproxy = try ChildProcess(
                    Harness.executable("haproxy"), ["-db", "-f", configuration], folder: folder)
                defer {
                    haproxy.signal(SIGTERM)
                    _ = haproxy.waitForExit(within: .seconds(5))
                }
                // The client comes from an address of its own, which HAProxy passes on.
                let url = "https://\(world.gateway.endpoint)/who"
                let arguments = [
                    "--silent", "--show-error", "--http1.1", "--max-time", "10", "--interface", "127.0.0.9",
                    "--connect-to", "::\(front)", "--cacert", world.certificates.authority, "--header",
                    "Authorization: Bearer \(world.token)", url,
                ]
                expectEventually(within: .seconds(10), every: .milliseconds(100)) {
                    (try? ChildProcess.run("curl", arguments))?.output == "127.0.0.9"
                }
                expectEventually(within: .seconds(2)) { world.gateway.log.contains("\"client\":\"127.0.0.9:") }
                expectEventually(within: .seconds(5)) { !world.gateway.log.contains("in_flight=1") }
                #expect(!haproxy.errors.contains("DOWN"), "\(haproxy.errors)")
            }
        }

        @Test("Only the proxies that are named are believed, and only whole headers")
        func believed() throws {
            try World.run(
                configure: {
                    $0.proxies = "[127.0.0.7]"
                    $0.listenerTLS = false
                    $0.deadlines = ["tlsHandshake": "1s"]
                }, script: Self.tellsClient
            ) { world in
                func connect(from address: String) throws -> RawClient {
                    try RawClient.connect(to: world.gateway.endpoint, from: address)
                }
                // In one piece, and byte by byte.
                let quick = try connect(from: "127.0.0.7")
                quick.wire.write(Self.header, by: .after(.seconds(5)))
                #expect(try quick.request("GET", "/who", token: world.token).text == "192.0.2.7")
                let slow = try connect(from: "127.0.0.7")
                for byte in Self.header { slow.wire.write([byte], by: .after(.seconds(5))) }
                #expect(try slow.request("GET", "/who", token: world.token).text == "192.0.2.7")
                // LOCAL: the proxy itself.
                let local = try connect(from: "127.0.0.7")
                local.wire.write(Self.header.prefix(12) + [0x20, 0, 0, 0], by: .after(.seconds(5)))
                #expect(try local.request("GET", "/who", token: world.token).text == "127.0.0.7")
                // From elsewhere it is a plain connection, and such a header is no HTTP.
                let plain = try connect(from: "127.0.0.8")
                #expect(try plain.request("GET", "/who", token: world.token).text == "127.0.0.8")
                let liar = try connect(from: "127.0.0.8")
                liar.wire.write(Self.header, by: .after(.seconds(5)))
                liar.send("GET", "/who", token: world.token)
                #expect(try liar.reader.readResponse(by: .after(.seconds(5))).status == 400)
                // A proxy that says nothing, only a part, or something else gets no answer.
                for bytes in [[], Array(Self.header.prefix(20)), Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)] {
                    let silent = try connect(from: "127.0.0.7")
                    silent.wire.write(bytes, by: .after(.seconds(5)))
                    #expect(silent.drain(by: .after(.seconds(4))) == .reset)
                }
                #expect(try world.gateway.status().connections <= 5)
            }
        }

        @Test("One address may hold so many connections; others are served meanwhile, and it is again when it lets go")
        func perAddress() throws {
            try World.run(
                configure: { $0.limits = ["exemptAddresses": "[]", "connectionsPerAddress": "20"] },
                script: Self.tellsClient
            ) { world in
                let greedy = try (0..<20).map { _ in try world.gateway.connect() }
                #expect(try greedy[0].request("GET", "/who", token: world.token).status == 200)
                for _ in 0..<50 {
                    // The reset may be faster than connect(2).
                    let refused = try? RawClient.connect(to: world.gateway.endpoint)
                    #expect(refused?.drain(by: .after(.seconds(5))) ?? .reset == .reset)
                }
                let other = try RawClient.connect(to: world.gateway.endpoint, from: "127.0.0.5")
                try other.startTLS(
                    world.certificates.client(), serverName: world.gateway.endpoint.address, by: .after(.seconds(5)))
                #expect(try other.request("GET", "/who", token: world.token).text == "127.0.0.5")
                // A worker's death gives back what its connections had taken.
                for client in greedy { client.wire.close() }
                expectEventually(within: .seconds(5)) { (try? world.gateway.connect()) != nil }
                let lines = world.gateway.log.split(separator: "\n").filter { $0.contains("connections of an address") }
                #expect(lines.count == 1, "\(lines)")
            }
        }

        private static func isRefused(_ world: World) -> Bool {
            guard let client = try? RawClient.connect(to: world.gateway.endpoint) else { return true }
            defer { client.wire.close() }
            // One that may stay is asked for nothing for a while.
            return client.drain(by: .after(.milliseconds(300))) != nil
        }

        @Test("What an address holds is known to the program after an upgrade")
        func upgraded() throws {
            let programs = try InstalledPrograms()
            try World.run(
                configure: {
                    $0.program = programs.supervisor
                    $0.limits = ["exemptAddresses": "[]", "connectionsPerAddress": "4"]
                    $0.deadlines = ["drain": "8s", "hardStop": "10s"]
                }, script: DrainTests.serve
            ) { world in
                let holding = try (0..<4).map { _ in try world.gateway.connect() }
                for client in holding { client.send("GET", "/stuck", token: world.token) }
                try wait("the requests upstream") { world.upstream.requests.count == 4 }
                #expect(Self.isRefused(world))
                try programs.install(version: "0.1.0+second")
                world.gateway.supervisor.signal(SIGUSR2)
                try wait("the new version") { try world.gateway.status().version == "0.1.0+second" }
                #expect(Self.isRefused(world), "the new program has forgotten whose connections there are")
                #expect(try world.gateway.status().inFlight == 4)
                for client in holding { client.wire.close() }
                expectEventually(within: .seconds(5)) { !Self.isRefused(world) }
            }
        }

        @Test("One address may begin so many connections in a second")
        func rate() throws {
            let admin = try Endpoint.free(on: "127.0.0.1")
            try World.run(configure: {
                $0.limits = ["exemptAddresses": "[]", "acceptsPerSecond": "10"]
                $0.admin = admin
            }) { world in
                let start = ContinuousClock.now
                let clients = (0..<60).map { _ in try? RawClient.connect(to: world.gateway.endpoint) }
                let ends = clients.map { client -> Wire.Received? in
                    guard let client else { return .reset }
                    return client.drain(by: .after(.milliseconds(100)))
                }
                let took = (ContinuousClock.now - start).milliseconds / 1_000
                let served = ends.count { $0 == nil }
                // Twenty at once, and ten for each second that this took.
                #expect(served >= 20 && Double(served) <= 21 + took * 10, "\(served) in \(took) s")
                let page = try ChildProcess.run("curl", ["--silent", "http://\(admin)/metrics"]).output
                let metrics = try Metrics(page)
                #expect(metrics.value("refused_connections_total", ["limit": "rate"]) == Double(60 - served))
                #expect(metrics.value("tracked_addresses") == 1)
                sleep(for: .seconds(1))
                #expect(try world.gateway.connect().request("GET", "/again", token: world.token).status == 200)
            }
        }
    }
}
