// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// The claims that go-oidc looks at itself (its verify.go and oidc.go): checked before any key is needed, so that
/// hopeless tokens cost neither a signature nor a refresh of keys.
enum RegisteredClaims {
    /// go-oidc's leeway for `nbf`, seconds. There is none for `exp`.
    static let notBeforeLeeway = 60.0

    /// The token's issuer, not to be believed yet; nil: it names none.
    static func untrustedIssuer(_ claims: JSONObject) -> String? {
        guard let issuer = claims["iss"]?.string else { return nil }
        // Google's legacy issuer name, as kube-apiserver's untrustedIssuer has it.
        return issuer == "accounts.google.com" ? "https://accounts.google.com" : issuer
    }

    /// Returns `exp`.
    static func check(
        _ claims: JSONObject, audiences: [String], now: Double, trace: JudgementTrace?
    ) throws(Refusal) -> Double {
        trace?.begin("claims")
        for name in ["sub", "nonce", "at_hash"] { _ = try claims.optionalString(name) }
        _ = try time(claims, "iat", nullIsAbsent: false)
        try DistributedClaim.checkSources(claims)
        trace?.begin("audience")
        let named = try (claims["aud"] ?? .null).stringOrArray(
            Refusal(.badClaims, "aud is neither a string nor strings"))
        guard named.contains(where: { name in audiences.contains { $0.isExactly(name) } }) else {
            throw Refusal(.wrongAudience, "aud holds none of the configured audiences")
        }
        trace?.begin("expiry")
        guard let expiry = try time(claims, "exp", nullIsAbsent: false) else { throw Refusal(.expired, "exp missing") }
        guard expiry >= now || DeliberateFault.isOn(.expiryIgnored) else {
            throw Refusal(.expired, "exp is in the past")
        }
        trace?.begin("not before")
        if let notBefore = try time(claims, "nbf", nullIsAbsent: true), now + notBeforeLeeway < notBefore {
            throw Refusal(.notYetValid, "nbf is in the future")
        }
        return expiry
    }

    /// go-oidc's `jsonTime`: a number, cut to whole seconds, or a string that spells one. Beyond 2^53 it is refused: Go
    /// would wrap around.
    private static func time(_ claims: JSONObject, _ name: String, nullIsAbsent: Bool) throws(Refusal) -> Double? {
        let refusal = Refusal(.badClaims, "claim \(name) is not a time")
        guard var value = claims[name] else { return nil }
        if value == .null, nullIsAbsent { return nil }
        if case .string(let text) = value {
            // A JSON number and nothing around it; what else these characters can spell, the parser refuses.
            guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }),
                let spelled = try? JSONValue.parse(Array(text.utf8))
            else { throw refusal }
            value = spelled
        }
        let seconds: Double
        switch value {
        case .integer(let integer): seconds = Double(integer)
        case .real(let real): seconds = real.rounded(.towardZero)
        default: throw refusal
        }
        guard abs(seconds) <= 0x1p53 else { throw refusal }
        return seconds
    }
}
