// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The real `kubectl port-forward` through the gateway, in both of its ways.
    @Suite(.timeLimit(.minutes(2)))
    struct PortForwardTests {
        enum Way: CaseIterable {
            /// SPDY in a WebSocket: what kubectl does by itself since 1.31.
            case webSocket
            case spdy
        }

        /// Scripts/portforward_upstream.py: the API server.
        final class Upstream {
            /// What one port-forward's request said.
            struct Tunnel: Decodable, Equatable {
                let user: String?
                let upgrade: String
                let `protocol`: String
            }

            let endpoint: Endpoint
            private let process: ChildProcess

            init() throws {
                let endpoint = try Endpoint.free()
                self.endpoint = endpoint
                process = try HTTP2Script.start("portforward_upstream", ["\(endpoint.port)"])
                try wait("the upstream: \(process.errors)") { (try? open()) == 0 }
            }

            /// Every one so far.
            func seen() throws -> [Tunnel] { try ask("/seen") }

            /// How many are open.
            func open() throws -> Int { try ask("/open") }

            var errors: String { process.errors }

            func stop() { process.signal(SIGKILL) }

            private func ask<Answer: Decodable>(_ path: String) throws -> Answer {
                let client = try RawClient.connect(to: endpoint)
                defer { client.wire.close() }
                return try JSONDecoder().decode(Answer.self, from: Data(client.request("GET", path).body))
            }
        }

        @Test(
            "Several connections, 1 MiB both ways, half-close; a kubectl that is killed takes the tunnel with it",
            arguments: Way.allCases)
        func forward(way: Way) throws {
            let upstream = try Upstream()
            defer { upstream.stop() }
            try World.run(upstreamTLS: false, configure: { $0.upstream = upstream.endpoint }) { world in
                let kubectl = try Self.start(way, in: world)
                let local = try Self.localEndpoint(of: kubectl)
                let expected =
                    try way == .webSocket && Self.minorVersion() >= 31
                    ? Upstream.Tunnel(user: "alice", upgrade: "websocket", protocol: "SPDY/3.1+portforward.k8s.io")
                    : Upstream.Tunnel(user: "alice", upgrade: "SPDY/3.1", protocol: "portforward.k8s.io")
                #expect(try upstream.seen() == [expected])
                #expect(try upstream.open() == 1)

                let held = try RawClient.connect(to: local)
                #expect(try Self.echo(5, by: held))
                let sizes = [7, 1 << 20, 1 << 20]
                let exchanges = sizes.map { size in Harness.inBackground { Self.exchange(size, with: local) } }
                #expect(exchanges.map { $0() } == sizes.map { "same, port 80: \($0) bytes" }, "\(kubectl.errors)")

                // One that leaves without a word is no other's end.
                let leaving = try RawClient.connect(to: local)
                #expect(try Self.echo(1_000, by: leaving))
                leaving.wire.reset()
                #expect(Self.exchange(7, with: local) == "same, port 80: 7 bytes", "\(kubectl.errors)")
                held.wire.write("more")
                #expect(try held.reader.readSome(by: .after(.seconds(10))).first == UInt8(ascii: "m"))
                #expect(try world.gateway.status().inFlight == 1)

                kubectl.signal(SIGKILL)
                try expectEventually("a killed kubectl's tunnel goes on", within: .seconds(2)) {
                    try upstream.open() == 0
                }
                #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
                #expect(upstream.errors.isEmpty, "\(upstream.errors)")
            }
        }

        private static func start(_ way: Way, in world: World) throws -> ChildProcess {
            let folder = try TemporaryFolder()
            var environment = ["HOME": folder.path]
            if way == .spdy { environment["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = "false" }
            return try ChildProcess(
                Harness.executable("kubectl"),
                [
                    "--server", "https://\(world.gateway.endpoint)", "--certificate-authority",
                    world.certificates.authority, "--token", world.token, "port-forward", "--address", "127.0.0.1",
                    "pod/web", "0:80",
                ], environment: environment, folder: folder)
        }

        /// Where it listens, out of "Forwarding from 127.0.0.1:PORT -> 80".
        private static func localEndpoint(of kubectl: ChildProcess) throws -> Endpoint {
            var port: UInt16?
            try wait("kubectl to listen: \(kubectl.errors)") {
                port = kubectl.output.firstMatch(of: /127\.0\.0\.1:(\d+) -> 80\n/).flatMap { UInt16($0.1) }
                return port != nil
            }
            return Endpoint("127.0.0.1", try #require(port))
        }

        private static func minorVersion() throws -> Int {
            struct Versions: Decodable {
                struct Client: Decodable { let minor: String }
                let clientVersion: Client
            }
            let printed = try ChildProcess.run("kubectl", ["version", "--client", "--output", "json"]).output
            // Some builds' is "32+".
            let minor = try JSONDecoder().decode(Versions.self, from: Data(printed.utf8)).clientVersion.minor
            return try #require(Int(minor.prefix(while: \.isNumber)))
        }

        /// Whether so many bytes come back as they were sent.
        private static func echo(_ count: Int, by client: RawClient) throws -> Bool {
            let window = 1 << 18
            let checker = Pattern.Checker()
            var sent = 0
            while checker.count < count {
                if sent < count, sent - checker.count < window {
                    let piece = Array(Pattern.bytes(at: sent, count: min(65_536, count - sent)))
                    guard client.wire.write(piece, by: .after(.seconds(20))) == .all else { return false }
                    sent += piece.count
                } else {
                    checker.take(try client.reader.readSome(by: .after(.seconds(20))))
                }
            }
            return checker.matches(count)
        }

        /// A connection from its begin to its end by half-close, and what there is to say of it.
        private static func exchange(_ count: Int, with local: Endpoint) -> String {
            do {
                let client = try RawClient.connect(to: local)
                defer { client.wire.close() }
                let isSame = try echo(count, by: client)
                client.wire.finishSending()
                let end = client.readToEnd()
                guard end.how == .finished else { return "\(end.how)" }
                return "\(isSame ? "same" : "other"), \(String(decoding: end.bytes, as: UTF8.self))"
            } catch {
                return "\(error)"
            }
        }
    }
}
