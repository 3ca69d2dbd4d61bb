// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

/// Wycheproof's and the IETF cookbook's signatures: every verdict right for the algorithms we allow, all others refused.
@Suite("Public JWS vectors", .enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.missing)))
struct SignatureVectorTests {
    /// Valid by Wycheproof, refused here on purpose: the key's `alg` says "ES521", which is no algorithm (RFC 7518 section
    /// 3.1 has ES512 for P-521), and the PS384 signatures of a key that says PS256.
    private static let refusedOnPurpose: Set<Int64> = [346, 347, 350, 351]

    @Test(arguments: ["signature", "key", "crypto"])
    func wycheproof(_ name: String) throws {
        var verdicts: [String: Int] = [:]
        for group in try Vectors.load("wycheproof_json_web_\(name).json")["testGroups"].elements {
            let key = group["public"] == .null ? group["private"] : group["public"]
            for test in group["tests"].elements {
                guard case .integer(let id) = test["tcId"] else { continue }
                let token = test["jws"].string ?? test["jwe"].text
                let verdict = verify(token, key)
                var isExpected = test["result"].text == "valid"
                if isExpected, isForeign(group, key) || (name == "signature" && Self.refusedOnPurpose.contains(id)) {
                    verdicts["valid, refused on purpose", default: 0] += 1
                    isExpected = false
                } else {
                    verdicts[test["result"].text, default: 0] += 1
                }
                #expect(
                    (verdict == nil) == isExpected, "\(name) \(id) \(test["comment"].text): \(verdict ?? "verified")")
            }
        }
        print("wycheproof \(name): \(verdicts.sorted { $0.key < $1.key })")
    }

    /// Keys of algorithms that nobody can allow: HMAC, and encryption.
    private func isForeign(_ group: JSONValue, _ key: JSONValue) -> Bool {
        let first = key["keys"].elements.first ?? key
        return first["kty"] == .string("oct") || first["use"] == .string("enc")
    }

    /// The cookbook's JSON serialisations (RFC 7515 section 7.2), some of which have no other: no token of Kubernetes comes
    /// in one (RFC 7519 section 1), and none is taken, whatever its signatures say.
    @Test(arguments: [
        "jws_4_1.rsa_v15_signature", "jws_4_2.rsa-pss_signature", "jws_4_3.ecdsa_signature",
        "jws_4_4.hmac-sha2_integrity_protection", "jws_4_5.signature_with_detached_content",
        "jws_4_6.protecting_specific_header_fields", "jws_4_7.protecting_content_only", "jws_4_8.multiple_signatures",
        "rfc7797_4.2.hmac-sha2_b64_false", "rfc7797_hmac-sha2_b64_false",
    ])
    func cookbookJSON(_ name: String) throws {
        let vector = try Vectors.load("jose-cookbook/\(name).json")
        let key = vector["input"]["key"].elements.first ?? vector["input"]["key"]
        let forms = ["json", "json_flat"].map { vector["output"][$0] }.filter { $0 != .null }
        #expect(!forms.isEmpty)
        for form in forms { #expect(verify(form.written, key) != nil) }
    }

    @Test func cookbook() throws {
        let valid = ["jws_4_1.rsa_v15_signature", "jws_4_2.rsa-pss_signature", "jws_4_3.ecdsa_signature"]
        let refused = [
            "jws_4_4.hmac-sha2_integrity_protection", "jws_4_5.signature_with_detached_content", "curve25519_jws",
            "rfc7797_hmac-sha2_b64_false", "curve25519_ecdh-es",
        ]
        for name in valid + refused {
            let vector = try Vectors.load("jose-cookbook/\(name).json")
            let verdict = verify(vector["output"]["compact"].text, vector["input"]["key"])
            #expect((verdict == nil) == valid.contains(name), "\(name): \(verdict ?? "verified")")
        }
    }

    /// nil: verified; otherwise why not.
    private func verify(_ text: String, _ key: JSONValue) -> String? {
        let token = Array(text.utf8)
        do {
            let compact = try CompactToken(
                token.span, CompactToken.Parts(token.span, limits: IdentityLimits()),
                allowed: Set(SignatureAlgorithm.allCases), limits: IdentityLimits())
            let set = key["keys"] == .null ? #"{"keys":["# + key.written + "]}" : key.written
            let keys = try IssuerKeys(
                issuer: "", fetchedAt: 0, fetches: nil, jwks: JSONValue.parse(Array(set.utf8)))
            let signer = try keys.signer(of: token.span, compact, attempts: 8)
            return signer == nil ? "no key" : nil
        } catch {
            return "\(error)"
        }
    }
}
