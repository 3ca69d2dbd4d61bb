// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

/// RFC 8725 (JSON Web Token Best Current Practices), section by section: algorithms, forms, and whose key it is. Keys,
/// encryption and substitution: `JOSESubstitutionTests`. docs/authentication.md has the table.
@Suite("RFC 8725")
struct JOSEPracticesTests {
    private let issuer = TestIssuer()

    private func authenticator(_ keys: [TestIssuer.Key], issuer: String = TestIssuer.url) -> Authenticator {
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        authenticator.install(TestIssuer.document(issuer: issuer, keys))
        return authenticator
    }

    /// A token whose header is written by hand; `signature` defaults to one of the right length for ES256.
    private func token(
        header: String, claims: String = TestIssuer.claims(), signature: [UInt8] = [UInt8](repeating: 1, count: 64)
    ) -> [UInt8] {
        let parts = [Array(header.utf8), Array(claims.utf8), signature].map(Base64URL.encode)
        return Array(parts.joined(separator: ".").utf8)
    }

    private func judge(_ token: [UInt8], _ keys: [TestIssuer.Key]) -> Refusal.Reason? {
        authenticator(keys).authenticate(token.span, now: 1).reason
    }

    @Test("2.1, 3.1, 3.2: algorithms that are not allowed")
    func algorithms() {
        let key = issuer.makeKey("a")
        for name in ["none", "None", "NONE", "nOnE", "HS256", "HS512", "EdDSA", "ES256K", "es256", "PS256", "RS1", ""] {
            #expect(judge(token(header: #"{"alg":"\#(name)","kid":"a"}"#), [key]) == .algorithmNotAllowed, "\(name)")
        }
        #expect(judge(token(header: #"{"kid":"a"}"#), [key]) == .badHeader)
        #expect(judge(token(header: #"{"alg":["ES256"],"kid":"a"}"#), [key]) == .badHeader)
        #expect(
            judge(
                Array((String(decoding: token(header: #"{"alg":"none"}"#, signature: []), as: UTF8.self)).utf8), [key])
                == .malformed)
    }

    @Test("3.1: an algorithm of another key type than the key's, and a key's own alg")
    func keyTypes() {
        let elliptic = issuer.makeKey("a")
        let rsa = issuer.makeKey("a", .rsa(bits: 2_048))
        #expect(judge(token(header: #"{"alg":"RS256","kid":"a"}"#), [elliptic]) == .keyUnsuitable)
        #expect(judge(token(header: #"{"alg":"ES256","kid":"a"}"#), [rsa]) == .keyUnsuitable)
        #expect(judge(issuer.sign(TestIssuer.claims(), rsa), [rsa]) == nil)
    }

    @Test("3.3, 3.4: an ECDSA signature longer or shorter than the curve's")
    func signatureLengths() {
        let key = issuer.makeKey("a")
        for length in [1, 63, 65, 70, 96, 132] {
            let bad = token(
                header: #"{"alg":"ES256","kid":"a"}"#, signature: [UInt8](repeating: 1, count: length))
            #expect(judge(bad, [key]) == .keyUnsuitable, "\(length)")
        }
        #expect(judge(token(header: #"{"alg":"ES256","kid":"a"}"#), [key]) == .badSignature)
        let zeros = token(header: #"{"alg":"ES256","kid":"a"}"#, signature: [UInt8](repeating: 0, count: 64))
        #expect(judge(zeros, [key]) == .badSignature)
    }

    @Test("2.6: duplicate members, encodings, broken forms")
    func forms() {
        let key = issuer.makeKey("a")
        #expect(judge(token(header: #"{"alg":"ES256","alg":"none","kid":"a"}"#), [key]) == .badHeader)
        #expect(judge(token(header: #"{"alg":"ES256","kid":"a","kid":"b"}"#), [key]) == .badHeader)
        #expect(judge(token(header: #"["ES256"]"#), [key]) == .badHeader)
        #expect(judge(token(header: "{\"alg\":\"ES256\",\"kid\":\"\u{0}\"}"), [key]) == .badHeader)
        let good = String(decoding: issuer.sign(TestIssuer.claims(), key), as: UTF8.self)
        #expect(judge(Array(good.utf8), [key]) == nil)
        for bad in [
            "", ".", "..", "...", good + ".", "." + good, good + ".e30.e30", good + "=", good + " ", " " + good,
            good + "\n", good.replacing(".", with: "=."), good.replacing(".", with: ".\n"), "Bearer " + good,
            good.split(separator: ".").prefix(2).joined(separator: "."), #"{"payload":"e30"}"#, "é.é.é",
        ] {
            #expect(judge(Array(bad.utf8), [key]) == .malformed, "\(bad.prefix(12))")
        }
    }

    @Test("2.6: one signature, one spelling")
    func dirtyBits() {
        let key = issuer.makeKey("a")
        var token = issuer.sign(TestIssuer.claims(), key)
        // 64 bytes end in a character of which only two bits count: A, Q, g or w; the next letter decodes to the same.
        token[token.count - 1] += 1
        #expect(judge(token, [key]) == .malformed)
    }

    @Test("3.3: crit and b64: what is not understood is not passed over")
    func criticalHeaders() {
        let key = issuer.makeKey("a")
        for extra in [#""crit":["exp"],"exp":1"#, #""crit":[]"#, #""b64":true"#, #""b64":false,"crit":["b64"]"#] {
            #expect(judge(token(header: #"{"alg":"ES256","kid":"a",\#(extra)}"#), [key]) == .criticalHeader, "\(extra)")
        }
    }

    @Test("3.10: keys and addresses of keys in the header are not used")
    func keysInTheHeader() {
        let key = issuer.makeKey("a")
        // Signed with the attacker's own key, under our kid, under its own, and under none.
        for kid in ["a", "x", nil] {
            let attacker = issuer.makeKey(kid)
            for (name, value) in [
                ("jwk", attacker.jwk), ("jku", #""https://evil.example/jwks""#),
                ("x5u", #""https://evil.example/c""#), ("x5c", #"["MIIB"]"#),
            ] {
                let token = issuer.sign(TestIssuer.claims(), attacker, members: [name: value])
                // Whoever trusted that key would let it in.
                #expect(judge(token, [attacker]) == nil)
                let outcome = authenticator([key]).authenticate(token.span, now: 1)
                if kid == "a" {
                    #expect(outcome.reason == .badSignature, "\(name)")
                } else {
                    #expect(outcome.needsKeys, "\(name)")
                }
            }
        }
    }

    @Test("3.8: one issuer's keys do not verify another's tokens")
    func crossIssuer() {
        let key = issuer.makeKey("a")
        let token = issuer.sign(TestIssuer.claims(), key)
        #expect(authenticator([key], issuer: "https://other.example").authenticate(token.span, now: 1).needsKeys)
        let foreign = issuer.sign(TestIssuer.claims(issuer: "https://other.example"), key)
        #expect(judge(foreign, [key]) == .unknownIssuer)
    }

    /// Two issuers, each with a key of the same kid: the issuer decides whose key it is.
    @Test("3.8: the same kid at two issuers")
    func sameKidAtTwoIssuers() throws {
        let keys = [issuer.makeKey("a"), issuer.makeKey("a")]
        let urls = ["https://i0.example", "https://i1.example"]
        let entries = urls.map {
            #"{"issuer":{"url":"\#($0)","audiences":["client"]},"#
                + #""claimMappings":{"username":{"claim":"sub","prefix":"\#($0)#"}}}"#
        }
        let document =
            #"{"apiVersion":"apiserver.config.k8s.io/v1","kind":"AuthenticationConfiguration","jwt":["#
            + entries.joined(separator: ",") + "]}"
        let authenticator = Authenticator(
            configuration: AuthenticationConfiguration(oidc: nil, file: .init(path: "f", document: document)))
        let sets = zip(urls, keys).map { #"{"issuer":"\#($0)","fetchedAt":0,"keys":{"keys":[\#($1.jwk)]}}"# }
        authenticator.install(
            try KeySet(document: Array(#"{"generation":1,"issuers":[\#(sets.joined(separator: ","))]}"#.utf8)))
        for (index, url) in urls.enumerated() {
            let good = issuer.sign(TestIssuer.claims(issuer: url), keys[index])
            #expect(authenticator.authenticate(good.span, now: 1).identity?.user.username == "\(url)#jane")
            let crossed = issuer.sign(TestIssuer.claims(issuer: url), keys[1 - index])
            #expect(authenticator.authenticate(crossed.span, now: 1).reason == .badSignature)
        }
    }

    @Test("3.11, RFC 9068: typ is free, as kube-apiserver has it, unless the configuration names what it may be")
    func types() {
        let key = issuer.makeKey("a")
        for (types, typ, isGood) in [
            ([], "JWT", true), ([], "at+jwt", true), ([], "logout+jwt", true),
            (["at+jwt"], "at+jwt", true), (["at+jwt"], "application/AT+JWT", true), (["at+jwt"], "JWT", false),
            (["JWT"], "at+jwt", false), (["JWT"], nil, true), (["at+jwt"], nil, false),
        ] as [([String], String?, Bool)] {
            var configuration = TestIssuer.configuration()
            configuration.tokenTypes = types
            let authenticator = Authenticator(configuration: configuration)
            authenticator.install(TestIssuer.document([key]))
            let header = typ.map { #"{"alg":"ES256","kid":"a","typ":"\#($0)"}"# } ?? #"{"alg":"ES256","kid":"a"}"#
            // The signature is nobody's: which check refuses it tells whether the type was let through.
            let reason = authenticator.authenticate(token(header: header).span, now: 1).reason
            #expect(reason == (isGood ? .badSignature : .wrongType), "\(types) \(typ ?? "none")")
        }
    }

    @Test("3.10: kid absent, with several keys")
    func noKid() {
        let keys = (0..<3).map { issuer.makeKey("k\($0)") }
        let good = issuer.sign(TestIssuer.claims(), keys[2], kid: .some(nil))
        #expect(judge(good, keys) == nil)
        // None fits: perhaps a key that is not here yet.
        let stranger = issuer.sign(TestIssuer.claims(), issuer.makeKey(nil), kid: .some(nil))
        #expect(authenticator(keys).authenticate(stranger.span, now: 1).needsKeys)
    }

    @Test("3.10: a kid is only ever compared")
    func strangeKids() {
        let key = issuer.makeKey("a")
        for kid in ["../../a", "a' or '1'='1", "A", "a "] {
            let token = issuer.sign(TestIssuer.claims(), key, kid: kid)
            #expect(authenticator([key]).authenticate(token.span, now: 1).needsKeys, "\(kid)")
        }
    }

    @Test("2.9, 3.7: oversized tokens, deep JSON, invalid UTF-8")
    func bounds() {
        let key = issuer.makeKey("a")
        let long = issuer.sign(TestIssuer.claims(more: #","x":"\#(String(repeating: "y", count: 16_384))""#), key)
        #expect(judge(long, [key]) == .tooLarge)
        let deep = String(repeating: "[", count: 20) + String(repeating: "]", count: 20)
        #expect(judge(issuer.sign(TestIssuer.claims(more: #","x":\#(deep)"#), key), [key]) == .badClaims)
        #expect(judge(token(header: #"{"alg":"ES256","kid":"a","x":\#(deep)}"#), [key]) == .badHeader)
        let parts = [Array(#"{"alg":"ES256"}"#.utf8), [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D], [1]]
        #expect(judge(Array(parts.map(Base64URL.encode).joined(separator: ".").utf8), [key]) == .badClaims)
    }

    @Test("A refusal says nothing out of the token")
    func refusalsAreSafeToLog() {
        let key = issuer.makeKey("a")
        let secret = "s3cr3t"
        for claims in [
            TestIssuer.claims(audience: secret), TestIssuer.claims(issuer: secret),
            TestIssuer.claims(subject: secret + "\n"),
        ] {
            guard case .refused(let refusal) = authenticator([key]).authenticate(issuer.sign(claims, key).span, now: 1)
            else {
                Issue.record("accepted")
                continue
            }
            #expect(!refusal.message.contains(secret))
        }
    }
}
