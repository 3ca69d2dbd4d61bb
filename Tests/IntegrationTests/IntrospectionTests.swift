// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Opaque tokens, judged by their authorization server.
    @Suite(.timeLimit(.minutes(2)))
    struct IntrospectionTests {
        @Test("An access token by Canaille is its user's, as Canaille's introspection endpoint says")
        func realProvider() throws {
            let certificates = try Certificates.shared.get()
            let provider = try OpenIDProvider(certificates)
            defer { provider.stop() }
            let folder = try TemporaryFolder()
            let secret = try provider.writeSecret(to: folder)
            // The issuer of ID tokens is another one, so that nobody else knows the token.
            try World.run(configure: {
                $0.authentication = [
                    "introspection: {url: \"\(provider.introspectionURL)\", caFile: \(certificates.authority), "
                        + "clientID: \(provider.clientID), clientSecretFile: \(secret), usernameClaim: username, "
                        + "usernamePrefix: \"oauth:\"}"
                ]
            }) { world in
                let token = try provider.accessToken()
                let client = try world.gateway.connect()
                #expect(try client.request("GET", "/who", token: token).status == 200, "\(world.gateway.log)")
                let seen = try #require(world.upstream.requests(for: "/who").first)
                #expect(seen.values("impersonate-user").first?.hasPrefix("oauth:") ?? false)
                #expect(seen.values("impersonate-group") == ["system:authenticated"])
                #expect(try client.request("GET", "/bad", token: token + "x").status == 401)
                #expect(try client.request("GET", "/ours", token: world.token).status == 200)

                // The provider gone: what was active is believed for a while, of others nobody knows.
                provider.stop()
                #expect(try client.request("GET", "/who", token: token).status == 200)
                let unknown = try client.request("GET", "/unknown", token: "another")
                #expect(unknown.status == 503)
                #expect(
                    world.upstream.requests(for: "/bad").isEmpty && world.upstream.requests(for: "/unknown").isEmpty)
            }
        }

        @Test("With a key instead of a secret the endpoint is shown a signed assertion", arguments: ["EC", "RSA"])
        func privateKey(kind: String) throws {
            let certificates = try Certificates.shared.get()
            let folder = try TemporaryFolder()
            let key = folder.file("client.key")
            let options = kind == "EC" ? ["ec_paramgen_curve:P-256"] : ["rsa_keygen_bits:2048"]
            let made = try ChildProcess.run(
                "openssl", ["genpkey", "-algorithm", kind, "-pkeyopt", options[0], "-out", key])
            #expect(made.succeeded, "\(made.errors)")
            let bodies = Cell<[String]>([])
            let endpoint = try ScriptedUpstream(tls: certificates.server()) { connection in
                while true {
                    let head = try connection.readHead()
                    var body: [UInt8] = []
                    try connection.readBody(of: head) { body += $0 }
                    let text = String(decoding: body, as: UTF8.self)
                    bodies.update { $0.append(text) }
                    connection.answer(body: #"{"active":true,"sub":"robot","groups":["ops"]}"#)
                }
            }
            defer { endpoint.stop() }
            try World.run(configure: {
                $0.authentication = [
                    "introspection: {url: \"https://\(endpoint.endpoint)/i\", caFile: \(certificates.authority), "
                        + "clientID: gateway, privateKeyFile: \(key), keyID: k1, groupsClaim: groups}"
                ]
            }) { world in
                #expect(try world.gateway.connect().request("GET", "/who", token: "opaque&token").status == 200)
                let seen = try #require(world.upstream.requests(for: "/who").first)
                #expect(seen.values("impersonate-user") == ["robot"])
                #expect(seen.values("impersonate-group") == ["ops", "system:authenticated"])
                let form = try #require(bodies.value.first)
                #expect(form.hasPrefix("token=opaque%26token&token_type_hint=access_token&client_id=gateway&"))
                let assertion = try #require(form.split(separator: "&client_assertion=").last.map(String.init))
                // The real library of another project reads it.
                let check = try ChildProcess.run(
                    Harness.python,
                    [
                        "-c",
                        """
                        import sys, json
                        from joserfc import jwt
                        from joserfc.jwk import ECKey, RSAKey
                        key = (ECKey if sys.argv[1] == "EC" else RSAKey).import_key(open(sys.argv[2]).read())
                        token = jwt.decode(sys.argv[3], key, algorithms=["ES256", "RS256"])
                        print(json.dumps({"header": token.header, "claims": token.claims}, sort_keys=True))
                        """, kind, key, assertion,
                    ])
                #expect(check.succeeded, "\(check.errors)")
                #expect(check.output.contains(#""kid": "k1""#) && check.output.contains(#""iss": "gateway""#))
                #expect(check.output.contains(#""sub": "gateway""#) && check.output.contains("/i\""), "\(check.output)")
            }
        }
    }
}
