// SPDX-License-Identifier: Apache-2.0

import CJose
import Shared

@testable import Worker

/// An issuer of the tests: makes keys, signs tokens with them by cjose, and writes keys documents.
final class TestIssuer {
    enum Kind {
        case rsa(bits: Int)
        case p256
    }

    /// A key pair, owned.
    @safe final class Key {
        let kid: String?
        let algorithm: String
        /// The public key as the issuer publishes it.
        let jwk: String
        fileprivate let handle: OpaquePointer

        fileprivate init(kid: String?, algorithm: String, jwk: String, handle: OpaquePointer) {
            self.kid = kid
            self.algorithm = algorithm
            self.jwk = jwk
            unsafe self.handle = handle
        }

        deinit { _ = unsafe cjose_jwk_release(handle) }
    }

    static let url = "https://issuer.example"
    func makeKey(_ kid: String?, _ kind: Kind = .p256, algorithm: String? = nil) -> Key {
        let made: OpaquePointer?
        switch kind {
        case .rsa(let bits):
            var exponent: [UInt8] = [1, 0, 1]
            unsafe made = unsafe cjose_jwk_create_RSA_random(bits, &exponent, 3, nil)
        case .p256:
            unsafe made = unsafe cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, nil)
        }
        guard let handle = unsafe made else { fatalError("no key") }
        if let kid { _ = unsafe cjose_jwk_set_kid(handle, kid, kid.utf8.count, nil) }
        guard let text = unsafe cjose_jwk_to_json(handle, false, nil) else { fatalError("no JWK") }
        defer { unsafe text.deallocate() }
        let usual =
            switch kind {
            case .rsa: "RS256"
            case .p256: "ES256"
            }
        return unsafe Key(
            kid: kid, algorithm: algorithm ?? usual, jwk: String(cString: text), handle: handle)
    }

    /// A secret for HMAC; nobody publishes it.
    func makeSecret(_ bytes: [UInt8], _ kid: String?, algorithm: String) -> Key {
        guard let handle = unsafe cjose_jwk_create_oct_spec(bytes, bytes.count, nil) else { fatalError("no key") }
        return unsafe Key(kid: kid, algorithm: algorithm, jwk: "", handle: handle)
    }

    /// A token of these claims (JSON text). `members`: more of the header's, as JSON texts.
    func sign(
        _ claims: String, _ key: Key, kid: String?? = .none, members: [String: String] = [:]
    ) -> [UInt8] {
        guard let header = unsafe cjose_header_new(nil) else { fatalError("no header") }
        defer { unsafe cjose_header_release(header) }
        _ = unsafe cjose_header_set(header, "alg", key.algorithm, nil)
        if let kid = kid ?? key.kid { _ = unsafe cjose_header_set(header, "kid", kid, nil) }
        for (name, value) in members {
            // The raw form is for objects and arrays alone.
            let isSet =
                value.hasPrefix("\"")
                ? unsafe cjose_header_set(header, name, String(value.dropFirst().dropLast()), nil)
                : unsafe cjose_header_set_raw(header, name, value, nil)
            guard isSet else { fatalError("no member \(name)") }
        }
        let payload = Array(claims.utf8)
        guard let jws = unsafe cjose_jws_sign(key.handle, header, payload, payload.count, nil) else {
            fatalError("not signed")
        }
        defer { unsafe cjose_jws_release(jws) }
        var text: UnsafePointer<CChar>?
        guard unsafe cjose_jws_export(jws, &text, nil), let text = unsafe text else { fatalError("not exported") }
        return unsafe Array(String(cString: text).utf8)
    }

    static func document(generation: Int = 1, issuer: String = url, _ keys: [Key]) -> KeySet {
        let list = keys.map(\.jwk).joined(separator: ",")
        let text =
            #"{"generation":\#(generation),"issuers":[{"issuer":"\#(issuer)","fetchedAt":5,"keys":{"keys":[\#(list)]}}]}"#
        guard let keys = try? KeySet(document: Array(text.utf8)) else { fatalError("document refused") }
        return keys
    }

    static func claims(
        issuer: String = url, audience: String = "client", subject: String = "jane", expires: Int = 2_000,
        more: String = ""
    ) -> String {
        #"{"iss":"\#(issuer)","aud":"\#(audience)","sub":"\#(subject)","exp":\#(expires)\#(more)}"#
    }

    static func configuration(
        algorithms: [String] = ["ES256", "RS256"], maxEntries: Int = 64, acceptedFor: Duration = .seconds(300)
    ) -> AuthenticationConfiguration {
        AuthenticationConfiguration(
            oidc: AuthenticationConfiguration.OIDC(
                issuerURL: url, clientID: "client", usernamePrefix: "-", groupsClaim: "groups",
                signingAlgorithms: algorithms),
            cache: AuthenticationConfiguration.TokenCache(
                maxEntries: maxEntries, acceptedFor: acceptedFor, refusedFor: .seconds(10)))
    }
}

extension AuthenticationOutcome {
    var identity: Identity? {
        if case .accepted(let identity) = self { identity } else { nil }
    }

    var reason: Refusal.Reason? {
        if case .refused(let refusal) = self { refusal.reason } else { nil }
    }

    var needsKeys: Bool {
        if case .needsKeys = self { true } else { false }
    }
}
