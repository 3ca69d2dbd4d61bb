// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A small OpenID issuer for the tests that need many tokens or an issuer that misbehaves: discovery, one RSA key, and
/// tokens signed by the openssl program. What a real provider does is tested with a real one.
package final class TestIssuer: Sendable {
    /// How it answers from now on.
    package enum Behaviour: Sendable {
        case answers
        /// Takes requests and never answers.
        case hangs
    }

    package let url: String
    private let upstream: ScriptedUpstream
    private let folder: TemporaryFolder
    private let behaviour: Cell<Behaviour>
    private static let keyIdentifier = "test-key"

    package init(_ certificates: Certificates, on endpoint: Endpoint = Endpoint("127.0.0.1", 0)) throws {
        let folder = try TemporaryFolder()
        let key = folder.file("signing.key")
        try Self.openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key])
        let modulus = try Self.openssl(["rsa", "-in", key, "-noout", "-modulus"]).output
        let digits = modulus.drop { $0 != "=" }.dropFirst().filter(\.isHexDigit)
        let keys = """
            {"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"\(Self.keyIdentifier)","e":"AQAB",\
            "n":"\(Self.base64URL(Self.bytes(ofHex: digits)))"}]}
            """
        self.folder = folder
        let behaviour = Cell(Behaviour.answers)
        self.behaviour = behaviour
        upstream = try ScriptedUpstream(on: endpoint, tls: certificates.server()) { connection in
            while true {
                let head = try connection.readHead()
                guard case .answers = behaviour.value else { return connection.readUntilClose() }
                let issuer = "https://" + (head["host"] ?? "")
                switch head.target {
                case "/.well-known/openid-configuration":
                    connection.answer(
                        fields: ["Content-Type: application/json"],
                        body: """
                            {"issuer":"\(issuer)","jwks_uri":"\(issuer)/keys",\
                            "authorization_endpoint":"\(issuer)/authorize","response_types_supported":["id_token"],\
                            "subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}
                            """)
                case "/keys": connection.answer(fields: ["Content-Type: application/json"], body: keys)
                default: connection.answer("404 Not Found")
                }
            }
        }
        url = "https://\(upstream.endpoint)"
    }

    package func set(_ behaviour: Behaviour) {
        self.behaviour.value = behaviour
    }

    /// How many requests for its keys have come.
    package var keyRequests: Int { upstream.requests(for: "/keys").count }
    package var ledger: ScriptedUpstream.Ledger { upstream.ledger }

    package func stop() {
        upstream.stop()
    }

    /// An ID token for the audience `demo`; `keyIdentifier` other than its own makes one by a key that nobody has.
    /// `claimSource`: the claim of that name is to be had there instead (OpenID Connect Core section 5.6.2).
    package func token(
        for user: String, groups: [String] = [], expiresIn seconds: Int = 3_600, keyIdentifier: String? = nil,
        type: String = "JWT", claims: [String: String] = [:],
        claimSource: (name: String, endpoint: String, token: String)? = nil
    ) throws -> String {
        let now = Int(Date().timeIntervalSince1970)
        var members: [String: Any] = [
            "iss": url, "aud": "demo", "sub": user, "groups": groups, "iat": now, "exp": now + seconds,
            "jti": UUID().uuidString,
        ]
        for (name, value) in claims { members[name] = value }
        if let claimSource {
            members[claimSource.name] = nil
            members["_claim_names"] = [claimSource.name: "elsewhere"]
            members["_claim_sources"] = [
                "elsewhere": ["endpoint": claimSource.endpoint, "access_token": claimSource.token]
            ]
        }
        let header = #"{"alg":"RS256","typ":"\#(type)","kid":"\#(keyIdentifier ?? Self.keyIdentifier)"}"#
        let payload = try JSONSerialization.data(withJSONObject: members, options: [.sortedKeys])
        let signed = Self.base64URL(Array(header.utf8)) + "." + Self.base64URL(Array(payload))
        let name = UUID().uuidString
        try folder.write(name, signed)
        try Self.openssl([
            "dgst", "-sha256", "-sign", folder.file("signing.key"), "-out", folder.file(name + ".sig"),
            folder.file(name),
        ])
        let signature = try Data(contentsOf: URL(filePath: folder.file(name + ".sig")))
        return signed + "." + Self.base64URL(Array(signature))
    }

    @discardableResult
    private static func openssl(_ arguments: [String]) throws -> ChildProcess.Finished {
        let finished = try ChildProcess.run("openssl", arguments)
        guard finished.succeeded else { throw HarnessError.system(call: "openssl", reason: finished.errors) }
        return finished
    }

    private static func bytes(ofHex digits: some StringProtocol) -> [UInt8] {
        let digits = Array(digits)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
