// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

/// RFC 8725, the sections on keys, on encryption, and on tokens that are good for something else.
@Suite("RFC 8725: keys, encryption, substitution")
struct JOSESubstitutionTests {
    private let issuer = TestIssuer()

    private func reason(
        _ token: [UInt8], _ keys: KeySet, _ configuration: AuthenticationConfiguration = TestIssuer.configuration()
    ) -> Refusal.Reason? {
        let authenticator = Authenticator(configuration: configuration)
        authenticator.install(keys)
        return authenticator.authenticate(token.span, now: 1).reason
    }

    private func keys(_ jwks: String) throws -> KeySet {
        let text =
            #"{"generation":1,"issuers":[{"issuer":"\#(TestIssuer.url)","fetchedAt":5,"keys":{"keys":[\#(jwks)]}}]}"#
        return try KeySet(document: Array(text.utf8))
    }

    /// The public key as an HMAC secret, in every spelling that a careless verifier might use, and the HMAC a real one.
    @Test("2.1, 3.1: HMAC with an RSA public key as its secret")
    func confusion() throws {
        let rsa = issuer.makeKey("a", .rsa(bits: 2_048))
        let spelling = try PublicKeySpelling(jwk: rsa.jwk)
        let pem = Array(spelling.pem.utf8)
        #expect(spelling.subjectPublicKeyInfo.count == 294)
        #expect(spelling.pem.hasPrefix("-----BEGIN PUBLIC KEY-----\nMIIB"))
        for secret in [
            pem, pem.dropLast(), spelling.subjectPublicKeyInfo, spelling.publicKey, spelling.modulus,
            Array(rsa.jwk.utf8),
        ] {
            for algorithm in ["HS256", "HS384", "HS512"] {
                let key = issuer.makeSecret(Array(secret), "a", algorithm: algorithm)
                let token = issuer.sign(TestIssuer.claims(), key)
                #expect(reason(token, TestIssuer.document([rsa])) == .algorithmNotAllowed)
            }
        }
    }

    @Test("2.2, 3.5: symmetric and weak keys are left out of a key set")
    func weakKeys() throws {
        let weak = issuer.makeKey("weak", .rsa(bits: 1_024))
        let set = try keys([weak.jwk, #"{"kty":"oct","kid":"s","k":"c2VjcmV0"}"#].joined(separator: ","))
        let kept = try #require(set.keys(of: TestIssuer.url))
        #expect(kept.keys.isEmpty)
        #expect(kept.skipped == [.weak: 1, .unsupportedType: 1])
        let token = issuer.sign(TestIssuer.claims(), weak)
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        authenticator.install(set)
        #expect(authenticator.authenticate(token.span, now: 1).needsKeys)
    }

    @Test("2.3, 2.4, 2.5, 3.6: encrypted and compressed tokens are no tokens here")
    func encryption() {
        let key = issuer.makeKey("a")
        let set = TestIssuer.document([key])
        let parts = { (header: String, count: Int) in
            Array(([header] + (1..<count).map { _ in "e30" }).joined(separator: ".").utf8)
        }
        for header in [
            #"{"alg":"RSA-OAEP","enc":"A256GCM"}"#, #"{"alg":"dir","enc":"A128CBC-HS256","zip":"DEF"}"#,
            #"{"alg":"ECDH-ES","enc":"A128GCM","epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}"#,
        ] {
            let encoded = Base64URL.encode(Array(header.utf8))
            #expect(reason(parts(encoded, 5), set) == .malformed)
            // The same header before claims of ours.
            let claims = Base64URL.encode(Array(TestIssuer.claims().utf8))
            #expect(reason(Array("\(encoded).\(claims).AAAA".utf8), set) == .algorithmNotAllowed)
        }
    }

    @Test("3.4: a key whose point is not on its curve, and coordinates of a wrong length")
    func invalidPoints() throws {
        let off = Base64URL.encode([UInt8](repeating: 1, count: 32))
        let short = Base64URL.encode([UInt8](repeating: 1, count: 31))
        let set = try keys(
            #"{"kty":"EC","crv":"P-256","kid":"a","x":"\#(off)","y":"\#(off)"},"#
                + #"{"kty":"EC","crv":"P-256","kid":"b","x":"\#(short)","y":"\#(off)"}"#)
        let kept = try #require(set.keys(of: TestIssuer.url))
        #expect(kept.keys.isEmpty && kept.skipped == [.rejectedByLibrary: 1, .malformed: 1])
    }

    @Test("3.7: claims are UTF-8, and nothing but UTF-8")
    func encodings() {
        let key = issuer.makeKey("a")
        let set = TestIssuer.document([key])
        #expect(reason(issuer.sign(TestIssuer.claims(subject: "j\u{E4}ne \u{1F600}"), key), set) == nil)
        let header = Base64URL.encode(Array(#"{"alg":"ES256","kid":"a"}"#.utf8))
        let texts: [[UInt8]] = [
            Array(TestIssuer.claims(subject: "j").utf8).flatMap { $0 == 0x6A ? [0xE4] : [$0] },
            Array(TestIssuer.claims().utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }),
            [0xEF, 0xBB, 0xBF] + Array(TestIssuer.claims().utf8),
            Array(TestIssuer.claims(subject: #"\ud800"#).utf8),
        ]
        for text in texts {
            let parts = [header, Base64URL.encode(text), Base64URL.encode([UInt8](repeating: 1, count: 64))]
            let refused = reason(Array(parts.joined(separator: ".").utf8), set)
            #expect(refused == .malformed || refused == .badClaims, "\(text.prefix(8)): \(refused?.rawValue ?? "none")")
        }
    }

    @Test("3.8: a token without a subject, or with one that is no string, is nobody's")
    func subjects() {
        let key = issuer.makeKey("a")
        let set = TestIssuer.document([key])
        for subject in ["", #","sub":7"#, #","sub":null"#, #","sub":["jane"]"#, #","sub":"""#] {
            let claims = #"{"iss":"\#(TestIssuer.url)","aud":"client","exp":2000\#(subject)}"#
            let refused = reason(issuer.sign(claims, key), set)
            #expect([.usernameMissing, .badClaims].contains(refused), "\(subject): \(refused?.rawValue ?? "accepted")")
        }
    }

    @Test("2.7, 3.9: a token for somebody else")
    func audiences() {
        let key = issuer.makeKey("a")
        let set = TestIssuer.document([key])
        for (audience, expected) in [
            (#""client""#, nil), (#"["other","client"]"#, nil), (#""other""#, .wrongAudience), ("[]", .wrongAudience),
            (#""client ""#, .wrongAudience), (#""Client""#, .wrongAudience), (#"["clien","t"]"#, .wrongAudience),
        ] as [(String, Refusal.Reason?)] {
            let claims = #"{"iss":"\#(TestIssuer.url)","aud":\#(audience),"sub":"jane","exp":2000}"#
            #expect(reason(issuer.sign(claims, key), set) == expected, "\(audience)")
        }
        let none = #"{"iss":"\#(TestIssuer.url)","sub":"jane","exp":2000}"#
        #expect(reason(issuer.sign(none, key), set) == .wrongAudience)
    }

    /// Two kinds of tokens by one issuer, with one key: types and claims keep them apart where the configuration says so.
    @Test("2.8, 3.11, 3.12: rules for one kind of token that another kind does not meet")
    func kinds() {
        let key = issuer.makeKey("a")
        let set = TestIssuer.document([key])
        let plain = issuer.sign(TestIssuer.claims(), key)
        #expect(reason(plain, set) == nil)
        var typed = TestIssuer.configuration()
        typed.tokenTypes = ["at+jwt"]
        #expect(reason(plain, set, typed) == .wrongType)
        // RFC 9068 section 4: with the prefix or without it, in any case.
        for (type, expected) in [
            ("at+jwt", nil), ("application/at+jwt", nil), ("AT+JWT", nil), ("JWT", .wrongType), ("at+jwt2", .wrongType),
            ("application/jwt", .wrongType), ("", .wrongType),
        ] as [(String, Refusal.Reason?)] {
            let token = issuer.sign(TestIssuer.claims(), key, members: ["typ": "\"\(type)\""])
            #expect(reason(token, set, typed) == expected, "\(type)")
        }
        let rule = #"{"expression":"claims.?kind.orValue('') == 'access'","message":"no access token"}"#
        let document =
            #"{"apiVersion":"apiserver.config.k8s.io/v1","kind":"AuthenticationConfiguration","jwt":[{"issuer":{"url":"#
            + #""\#(TestIssuer.url)","audiences":["client"]},"claimValidationRules":[\#(rule)],"#
            + #""claimMappings":{"username":{"claim":"sub","prefix":""}}}]}"#
        let ruled = AuthenticationConfiguration(oidc: nil, file: .init(path: "f", document: document))
        #expect(reason(plain, set, ruled) == .claimRule)
        #expect(reason(issuer.sign(TestIssuer.claims(more: #","kind":"access""#), key), set, ruled) == nil)
    }
}
