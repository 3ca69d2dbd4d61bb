// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Clients that prove themselves with a certificate: curl over HTTP/1.1 and HTTP/2, and kubectl.
    @Suite(.timeLimit(.minutes(2)))
    struct ClientCertificateTests {
        @Test("CN is the user, O the groups; a certificate that is not good is as good as none")
        func identities() throws {
            let authority = try ClientAuthority()
            let carol = try authority.issue(
                "/O=developers/O=ops/O=developers/CN=carol/kubernetesUID=u-7", as: "carol")
            let nobody = try authority.issue("/O=developers", as: "nobody")
            let server = try authority.issue("/CN=carol", as: "server", usage: "serverAuth")
            let old = try authority.issue("/CN=carol", as: "old", days: -1)
            let strangers = try ClientAuthority(name: "strangers")
            let stranger = try strangers.issue("/CN=carol", as: "stranger")
            try World.run(configure: { $0.clientAuthority = authority.certificate }) { world in
                for version in ["--http1.1", "--http2"] {
                    let target = "/good\(version)"
                    #expect(try Self.status(target, carol, [version], world) == "200")
                    let seen = try #require(world.upstream.requests(for: target).first)
                    #expect(seen.values("impersonate-user") == ["carol"])
                    #expect(seen.values("impersonate-uid") == ["u-7"])
                    #expect(seen.values("impersonate-group") == ["developers", "ops", "system:authenticated"])
                    let credential = seen.values("impersonate-extra-authentication.kubernetes.io%2Fcredential-id")
                    #expect(credential.first?.hasPrefix("X509SHA256=") ?? false, "\(credential)")

                    for (name, pair) in [("no CN", nobody), ("server", server), ("old", old), ("stranger", stranger)] {
                        #expect(try Self.status("/bad", pair, [version], world) == "401", "\(name)")
                        let token = ["--header", "Authorization: Bearer \(world.token)"]
                        let fallback = "/token-\(name.first ?? "x")\(version)"
                        #expect(try Self.status(fallback, pair, [version] + token, world) == "200", "\(name)")
                        #expect(
                            world.upstream.requests(for: fallback).first?.values("impersonate-user") == ["alice"])
                    }
                    // kube-apiserver's order: a good certificate goes before any token.
                    let both = ["--header", "Authorization: Bearer \(world.token)"]
                    #expect(try Self.status("/both\(version)", carol, [version] + both, world) == "200")
                    #expect(
                        world.upstream.requests(for: "/both\(version)").first?.values("impersonate-user") == ["carol"])
                }
                #expect(world.upstream.requests(for: "/bad").isEmpty)
                #expect(try Self.status("/none", nil, [], world) == "401")
                #expect(world.gateway.logs(#""user":"carol""#))
            }
        }

        @Test("Authorities are replaced without a restart, also for connections that there are")
        func reload() throws {
            let first = try ClientAuthority()
            let second = try ClientAuthority(name: "others")
            let folder = try TemporaryFolder()
            let file = try folder.write("clients.crt", try String(contentsOfFile: first.certificate, encoding: .utf8))
            let carol = try first.issue("/CN=carol", as: "carol")
            let dave = try second.issue("/CN=dave", as: "dave")
            try World.run(configure: { $0.clientAuthority = file }) { world in
                #expect(try Self.status("/x", carol, [], world) == "200")
                #expect(try Self.status("/x", dave, [], world) == "401")
                // One connection, asked before and after.
                let context = try TLSContext(
                    trusting: world.certificates.authority, certificate: carol.certificate, key: carol.key)
                let held = try RawClient.connect(to: world.gateway.endpoint, tls: context)
                #expect(try held.request("GET", "/held").status == 200)
                try folder.write("clients.crt", try String(contentsOfFile: second.certificate, encoding: .utf8))
                try wait("the new authority", within: .seconds(20)) { try Self.status("/x", dave, [], world) == "200" }
                sleep(for: .seconds(3))
                #expect(try Self.status("/x", carol, [], world) == "401")
                #expect(try held.request("GET", "/held").status == 401)
                // One that cannot be used changes nothing.
                try folder.write("clients.crt", "nonsense")
                try wait("the complaint", within: .seconds(20)) { world.gateway.log.contains("cannot be used") }
                #expect(try Self.status("/x", dave, [], world) == "200")
            }
        }

        /// A ticket holds the leaf alone, by which nothing could be verified.
        @Test("By an intermediate authority, also when the client would resume its session", arguments: ["1_2", "1_3"])
        func resumed(version: String) throws {
            let root = try ClientAuthority()
            let intermediate = try root.intermediate()
            let carol = try intermediate.issue("/CN=carol", as: "carol")
            let folder = try TemporaryFolder()
            // One worker, whose tickets are good for its next connection.
            try World.run(configure: {
                $0.clientAuthority = root.certificate
                $0.workers = 1
            }) { world in
                let request = try folder.write("request", "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                let ask = { (session: String) in
                    try ChildProcess.run(
                        "sh",
                        [
                            "-c",
                            #"exec openssl s_client -quiet -no_ign_eof -ign_eof -connect "$0" -CAfile "$1" -cert "$2" -key "$3" "#
                                + #"-cert_chain "$4" -tls\#(version) \#(session) "$5" <"$6""#,
                            "\(world.gateway.endpoint)", world.certificates.authority, carol.certificate, carol.key,
                            intermediate.certificate, folder.file("session"), request,
                        ])
                }
                let first = try ask("-sess_out")
                #expect(first.output.hasPrefix("HTTP/1.1 200"), "\(first.output) \(first.errors)")
                guard FileManager.default.fileExists(atPath: folder.file("session")) else { return }
                let second = try ask("-sess_in")
                #expect(second.output.hasPrefix("HTTP/1.1 200"), "\(second.output) \(second.errors)")
            }
        }

        @Test("Whoever has shown a certificate that is not good is not let in as nobody")
        func notAnonymous() throws {
            let authority = try ClientAuthority()
            let old = try authority.issue("/CN=carol", as: "old", days: -1)
            let nameless = try authority.issue("/O=developers", as: "nameless")
            let folder = try TemporaryFolder()
            var document = AuthenticationDocument(issuers: [try World.wellBehavedIssuer.get().url])
            document.anonymousPaths = ["/healthz"]
            let file = try document.write(to: folder)
            try World.run(configure: {
                $0.authenticationFile = file
                $0.clientAuthority = authority.certificate
            }) { world in
                let without = try Self.status("/healthz", nil, [], world)
                #expect(without == "200")
                #expect(try Self.status("/healthz", old, [], world) == "401")
                // This one is good, and says nothing of a user: kube-apiserver goes on as if there were none.
                #expect(try Self.status("/healthz", nameless, [], world) == "200")
                let token = ["--header", "Authorization: Bearer \(world.token)"]
                #expect(try Self.status("/healthz", old, token, world) == "200")
            }
        }

        @Test("kubectl with a client certificate")
        func kubectl() throws {
            let authority = try ClientAuthority()
            let carol = try authority.issue("/O=developers/CN=carol", as: "carol")
            let standIn = try StandIn()
            defer { standIn.stop() }
            var options = standIn.options
            options.clientAuthority = authority.certificate
            let certificates = try Certificates.shared.get()
            let gateway = try GatewayFixture(options, certificates: certificates)
            let folder = try TemporaryFolder()
            let finished = try ChildProcess.run(
                "kubectl",
                [
                    "get", "--raw", "/whoami", "--server", "https://\(gateway.endpoint)", "--certificate-authority",
                    certificates.authority, "--client-certificate", carol.certificate, "--client-key", carol.key,
                ],
                environment: ["HOME": folder.path])
            #expect(finished.output.contains("carol") && finished.output.contains("developers"), "\(finished.errors)")
            let stopped = gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }

        private static func status(
            _ path: String, _ pair: ClientAuthority.Pair?, _ arguments: [String], _ world: World
        ) throws -> String {
            let identity = pair.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []
            let finished = try ChildProcess.run(
                "curl",
                [
                    "--silent", "--show-error", "--max-time", "20", "--cacert", world.certificates.authority,
                    "--output", "/dev/null", "--write-out", "%{http_code}",
                ] + identity + arguments + ["https://\(world.gateway.endpoint)\(path)"])
            return finished.output
        }
    }
}
