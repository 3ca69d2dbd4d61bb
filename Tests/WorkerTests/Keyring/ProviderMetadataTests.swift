// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("ProviderMetadata")
struct ProviderMetadataTests {
    @Test(arguments: [
        ("https://i", "https://i/.well-known/openid-configuration"),
        ("https://i/", "https://i/.well-known/openid-configuration"),
        ("https://i/realm", "https://i/realm/.well-known/openid-configuration"),
        ("https://i/realm//", "https://i/realm//.well-known/openid-configuration"),
    ])
    func address(_ issuer: String, _ expected: String) {
        #expect(ProviderMetadata.address(of: issuer) == expected)
    }

    @Test func good() throws {
        let text = #"{"issuer":"https://i","jwks_uri":"HTTPS://i/keys?a=b","x":[]}"#
        #expect(try ProviderMetadata(Array(text.utf8), issuer: "https://i").keysAddress == "HTTPS://i/keys?a=b")
    }

    @Test(arguments: [
        ("", FetchFailure.discoveryMalformed), ("[]", .discoveryMalformed), ("<html>", .discoveryMalformed),
        (#"{"jwks_uri":"https://i/k"}"#, .discoveryMalformed),
        (#"{"issuer":"https://i","issuer":"https://i","jwks_uri":"https://i/k"}"#, .discoveryMalformed),
        (#"{"issuer":"https://i/","jwks_uri":"https://i/k"}"#, .issuerMismatch),
        (#"{"issuer":"https://I","jwks_uri":"https://i/k"}"#, .issuerMismatch),
        (#"{"issuer":"https://i"}"#, .keysAddress),
        (#"{"issuer":"https://i","jwks_uri":5}"#, .keysAddress),
        (#"{"issuer":"https://i","jwks_uri":"http://i/k"}"#, .keysAddress),
        (#"{"issuer":"https://i","jwks_uri":"file:///etc/passwd"}"#, .keysAddress),
        (#"{"issuer":"https://i","jwks_uri":"https://"}"#, .keysAddress),
        (#"{"issuer":"https://i","jwks_uri":"https://i/a b"}"#, .keysAddress),
        (#"{"issuer":"https://i","jwks_uri":"https://i\\@evil/k"}"#, .keysAddress),
    ])
    func bad(_ text: String, _ expected: FetchFailure) {
        #expect(throws: expected) { try ProviderMetadata(Array(text.utf8), issuer: "https://i") }
    }
}
