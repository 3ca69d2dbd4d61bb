// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("KeySet")
struct KeySetTests {
    private let issuer = TestIssuer()

    private func document(_ keys: String) -> [UInt8] {
        Array(#"{"generation":3,"issuers":[{"issuer":"https://i","fetchedAt":9,"keys":{"keys":[\#(keys)]}}]}"#.utf8)
    }

    @Test func leavesBadKeysOut() throws {
        let good = issuer.makeKey("a").jwk
        let weak = issuer.makeKey("w", .rsa(bits: 1_024)).jwk
        let bad = [
            weak, #"{"kty":"oct","k":"AAAA"}"#, #"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, "5", "{}",
            #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, good.dropLast() + #","use":"enc"}"#,
            good.dropLast() + #","key_ops":["sign"]}"#, good.dropLast() + #","alg":"ES512"}"#,
            good.dropLast() + #","alg":"HS256"}"#,
        ]
        let keys = try KeySet(document: document(([good] + bad).joined(separator: ",")))
        #expect(keys.generation == 3)
        #expect(keys.issuers.count == 1)
        #expect(keys.issuers[0].fetchedAt == 9)
        #expect(keys.issuers[0].keys.count == 1)
        #expect(
            keys.issuers[0].skipped == [
                .weak: 1, .unsupportedType: 2, .malformed: 4, .notForSignatures: 2, .unsupportedAlgorithm: 1,
            ])
    }

    /// The library must notice that a point is not on its curve.
    @Test func pointsOffTheCurve() throws {
        let ones = Base64URL.encode([UInt8](repeating: 1, count: 32))
        let key = #"{"kty":"EC","crv":"P-256","x":"\#(ones)","y":"\#(ones)"}"#
        let keys = try KeySet(document: document(key))
        #expect(keys.issuers[0].skipped == [.rejectedByLibrary: 1])
    }

    @Test func neverMoreThanItsBound() throws {
        let key = issuer.makeKey("a").jwk
        let keys = try KeySet(document: document(Array(repeating: key, count: 130).joined(separator: ",")))
        #expect(keys.issuers[0].keys.count == IssuerKeys.maximumKeys)
        #expect(keys.issuers[0].skipped == [.tooMany: 30])
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"generation":1}"#, #"{"generation":-1,"issuers":[]}"#, #"{"generation":"1","issuers":[]}"#,
        #"{"generation":1,"issuers":{}}"#, #"{"generation":1,"issuers":[],"x":1}"#,
        #"{"generation":1,"issuers":[{"issuer":"i","fetchedAt":1}]}"#,
        #"{"generation":1,"issuers":[{"issuer":"i","fetchedAt":1,"keys":{}}]}"#,
        #"{"generation":1,"issuers":[{"issuer":"i","fetchedAt":1,"keys":{"keys":[]}},"#
            + #"{"issuer":"i","fetchedAt":1,"keys":{"keys":[]}}]}"#,
    ])
    func refused(_ text: String) {
        #expect(throws: KeySetError.self) { try KeySet(document: Array(text.utf8)) }
    }
}
