// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// What the gateway shows of itself, to the API server and to clients, follows the files without a restart.
    @Suite(.timeLimit(.minutes(2)))
    struct CredentialTests {
        @Test("A token file that changes is read again; a broken one keeps the old token")
        func token() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write("token", "first-token\n")
            try World.run(configure: { $0.upstreamToken = file }) { world in
                #expect(try Self.credential(world, "/first") == "Bearer first-token")
                try folder.write("token", "second-token")
                #expect(
                    eventually(within: .seconds(8)) { (try? Self.credential(world, "/next")) == "Bearer second-token" })
                // Each worker looks for itself, every two seconds.
                Thread.sleep(forTimeInterval: 3)
                try folder.write("token", "\n")
                Thread.sleep(forTimeInterval: 3)
                #expect(try Self.credential(world, "/kept") == "Bearer second-token")
                #expect(!world.gateway.log.contains("second-token"), "the token is in the log")
            }
        }

        @Test("A listener's certificate that changes is shown to the next client")
        func certificate() throws {
            let folder = try TemporaryFolder()
            let certificate = folder.file("listener.crt")
            let key = folder.file("listener.key")
            let (old, new) = (try Certificates.shared.get(), try Certificates())
            try Self.copy(old, to: certificate, key)
            try World.run(configure: { $0.shownCertificate = (certificate, key) }) { world in
                let before = try world.gateway.connect()
                try Self.copy(new, to: certificate, key)
                #expect(
                    eventually(within: .seconds(8), every: .milliseconds(100)) {
                        (try? RawClient.connect(to: world.gateway.endpoint, tls: new.client())) != nil
                    })
                // Connections that stand go on.
                #expect(try before.request("GET", "/before", token: world.token).status == 200)
            }
        }

        /// One request to a connection, so that each shows what is in force; the answer says who asks.
        private static let tellsPeer: ScriptedUpstream.Script = { connection in
            _ = try connection.readHead()
            connection.answer(fields: ["Connection: close"], body: connection.wire.peerName ?? "nobody")
        }

        @Test("The API server's authority and our certificate for it are read again when their files change")
        func upstreamTLS() throws {
            let folder = try TemporaryFolder()
            let certificates = try Certificates.shared.get()
            let clients = try ClientAuthority()
            let first = try clients.issue("/CN=first", as: "first")
            let second = try clients.issue("/CN=second", as: "second")
            let authority = folder.file("upstream-ca.crt")
            let (certificate, key) = (folder.file("client.crt"), folder.file("client.key"))
            try Self.copy(certificates.authority, to: authority)
            try Self.copy(first.key, to: key)
            try Self.copy(first.certificate, to: certificate)
            let upstream = try ScriptedUpstream(
                tls: TLSContext(
                    certificateFile: certificates.certificate, keyFile: certificates.key,
                    clientAuthority: clients.certificate), Self.tellsPeer)
            defer { upstream.stop() }
            try World.run(configure: {
                $0.upstream = upstream.endpoint
                $0.upstreamAuthority = authority
                $0.upstreamClient = (certificate, key)
            }) { world in
                let ask = { try world.gateway.connect().request("GET", "/who", token: world.token) }
                // Each worker looks for itself: all of eight answers must be the same.
                let all = { (wanted: String?) in
                    let answers = (0..<8).compactMap { _ in try? ask() }
                    guard answers.count == 8 else { return false }
                    guard let wanted else { return answers.allSatisfy { $0.status >= 500 } }
                    return answers.allSatisfy { $0.status == 200 && $0.text == wanted }
                }
                #expect(all("CN=first"))
                try Self.copy(second.key, to: key)
                try Self.copy(second.certificate, to: certificate)
                expectEventually(within: .seconds(15), every: .milliseconds(500)) { all("CN=second") }
                // Another authority, which has not signed for this API server.
                try Self.copy(clients.certificate, to: authority)
                expectEventually(within: .seconds(15), every: .milliseconds(500)) { all(nil) }
                try Self.copy(certificates.authority, to: authority)
                expectEventually(within: .seconds(15), every: .milliseconds(500)) { all("CN=second") }
                #expect(try world.gateway.status().recycles.isEmpty)
            }
        }

        @Test("kube-oidc-proxy's flags serve like a file")
        func flags() throws {
            let folder = try TemporaryFolder()
            let certificates = try Certificates.shared.get()
            let issuer = try World.wellBehavedIssuer.get()
            let upstream = try ScriptedUpstream(tls: certificates.server(), StandardUpstream.serve)
            let endpoint = try Endpoint.free(on: "127.0.0.1")
            let gateway = try ChildProcess(
                Harness.executable("lychgate"),
                [
                    "serve", "--bind-address", endpoint.address, "--secure-port", "\(endpoint.port)",
                    "--tls-cert-file", certificates.certificate, "--tls-private-key-file", certificates.key,
                    "--server", "https://\(upstream.endpoint)", "--certificate-authority", certificates.authority,
                    "--oidc-issuer-url", issuer.url, "--oidc-client-id", "demo", "--oidc-ca-file",
                    certificates.authority, "--oidc-username-prefix", "-", "--oidc-groups-claim", "groups",
                ], folder: folder)
            let token = try issuer.token(for: "alice", groups: ["developers"])
            var status = 0
            #expect(
                eventually(within: .seconds(20), every: .milliseconds(100)) {
                    let client = try? RawClient.connect(to: endpoint, tls: certificates.client())
                    status = (try? client?.request("GET", "/by-flags", token: token).status) ?? 0
                    return status == 200
                }, "\(status); \(gateway.errors)")
            #expect(upstream.requests(for: "/by-flags").last?.values("impersonate-user") == ["alice"])
            gateway.signal(SIGTERM)
            #expect(gateway.waitForExit(within: .seconds(10)) == .code(0))
            upstream.stop()
        }

        /// The credential that the API server sees with a request.
        private static func credential(_ world: World, _ target: String) throws -> String? {
            _ = try world.gateway.connect().request("GET", target, token: world.token)
            return world.upstream.requests(for: target).last?["authorization"]
        }

        private static func copy(_ source: Certificates, to certificate: String, _ key: String) throws {
            for (from, to) in [(source.key, key), (source.certificate, certificate)] { try copy(from, to: to) }
        }

        private static func copy(_ from: String, to path: String) throws {
            try Data(contentsOf: URL(fileURLWithPath: from)).write(to: URL(fileURLWithPath: path), options: .atomic)
        }
    }
}
