// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// What kube-apiserver makes of a token's claims, given its `--oidc-*` flags.
///
/// Sources: pkg/kubeapiserver/options/authentication.go (the flags' translation),
/// apiserver/plugin/pkg/authenticator/token/oidc/oidc.go, and go-oidc's verify.go and oidc.go. Stricter where a gateway must
/// be: see `ImpersonationHeader` for names that no header carries, and `reservedName`.
struct OIDCPolicy {
    /// go-oidc's leeway for `nbf`, seconds. There is none for `exp`.
    static let notBeforeLeeway = 60.0

    let issuer: String
    let allowedAlgorithms: Set<SignatureAlgorithm>
    private let clientID: String
    private let usernameClaim: String
    private let usernamePrefix: String
    private let groupsClaim: String?
    private let groupsPrefix: String
    private let requiredClaims: [(name: String, value: String)]

    init(_ configuration: AuthenticationConfiguration.OIDC) {
        issuer = configuration.issuerURL
        clientID = configuration.clientID
        usernameClaim = configuration.usernameClaim
        usernamePrefix =
            switch configuration.usernamePrefix {
            case "-": ""
            case nil, "": configuration.usernameClaim == "email" ? "" : configuration.issuerURL + "#"
            case let prefix?: prefix
            }
        groupsClaim = configuration.groupsClaim.flatMap { $0.isEmpty ? nil : $0 }
        groupsPrefix = configuration.groupsPrefix
        requiredClaims = configuration.requiredClaims.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        allowedAlgorithms = Set(configuration.signingAlgorithms.compactMap(SignatureAlgorithm.init))
    }

    /// The checks that need no key, made first so that hopeless tokens cost neither a signature nor a refresh of keys.
    /// Returns `exp`.
    func checkRegisteredClaims(_ claims: JSONObject, now: Double) throws(Refusal) -> Double {
        var tokenIssuer = try optionalString(claims, "iss")
        // Google's legacy issuer name, as kube-apiserver's untrustedIssuer has it.
        if tokenIssuer == "accounts.google.com" { tokenIssuer = "https://accounts.google.com" }
        guard let tokenIssuer, tokenIssuer.isExactly(issuer) else {
            throw Refusal(.unknownIssuer, "not by the configured issuer")
        }
        for name in ["sub", "nonce", "at_hash"] { _ = try optionalString(claims, name) }
        _ = try time(claims, "iat", nullIsAbsent: false)
        try checkSources(claims)
        guard try audiences(claims).contains(where: { $0.isExactly(clientID) }) else {
            throw Refusal(.wrongAudience, "aud does not hold the configured client ID")
        }
        guard let expiry = try time(claims, "exp", nullIsAbsent: false) else { throw Refusal(.expired, "exp missing") }
        guard expiry >= now || DeliberateFault.isOn(.expiryIgnored) else {
            throw Refusal(.expired, "exp is in the past")
        }
        if let notBefore = try time(claims, "nbf", nullIsAbsent: true), now + Self.notBeforeLeeway < notBefore {
            throw Refusal(.notYetValid, "nbf is in the future")
        }
        return expiry
    }

    /// The user a verified token stands for.
    func user(_ claims: JSONObject) throws(Refusal) -> UserInfo {
        var user = UserInfo(username: usernamePrefix + (try username(claims)))
        user.groups = try groups(claims).map { groupsPrefix + $0 }
        try checkRequiredClaims(claims)
        if let identifier = claims["jti"]?.string, !identifier.isEmpty {
            user.extra[UserInfo.credentialIDKey] = ["JTI=" + identifier]
        }
        for name in [user.username] + user.groups where name.utf8.starts(with: UserInfo.reservedPrefix.utf8) {
            throw Refusal(.reservedName, "a user or group of the reserved prefix system:")
        }
        user.groups.append(UserInfo.authenticatedGroup)
        return user
    }

    private func username(_ claims: JSONObject) throws(Refusal) -> String {
        guard claims[usernameClaim] != nil else {
            throw Refusal(.usernameMissing, "claim \(usernameClaim) is missing")
        }
        guard let name = try optionalString(claims, usernameClaim), !name.isEmpty else {
            throw Refusal(.usernameMissing, "claim \(usernameClaim) is empty")
        }
        if usernameClaim == "email", let verified = claims["email_verified"] {
            guard case .bool(let isVerified) = verified else {
                throw Refusal(.badClaims, "email_verified is not a boolean")
            }
            guard isVerified else { throw Refusal(.emailNotVerified, "email_verified is false") }
        }
        return name
    }

    private func groups(_ claims: JSONObject) throws(Refusal) -> [String] {
        guard let groupsClaim else { return [] }
        guard let value = claims[groupsClaim] else {
            try refuseDistributed(claims, groupsClaim)
            return []
        }
        return try stringOrArray(value, Refusal(.badGroups, "claim \(groupsClaim) is neither a string nor strings"))
    }

    private func checkRequiredClaims(_ claims: JSONObject) throws(Refusal) {
        for (name, wanted) in requiredClaims {
            guard claims[name] != nil else { throw Refusal(.requiredClaim, "required claim \(name) is missing") }
            guard let value = claims[name]?.string ?? (claims[name] == .null ? "" : nil), value.isExactly(wanted) else {
                throw Refusal(.requiredClaim, "required claim \(name) has another value")
            }
        }
    }

    /// go-oidc refuses a token whose `_claim_names` point nowhere, whatever is made of them later.
    private func checkSources(_ claims: JSONObject) throws(Refusal) {
        let malformed = Refusal(.badClaims, "_claim_names or _claim_sources is malformed")
        let sources = claims["_claim_sources"] ?? .null
        guard sources == .null || sources.object != nil else { throw malformed }
        let names = claims["_claim_names"] ?? .null
        if names == .null { return }
        guard let names = names.object else { throw malformed }
        for value in names.members.values {
            guard let source = value.string, !source.isEmpty, sources.object?[source]?.object != nil else {
                throw malformed
            }
        }
    }

    /// A groups claim that must be fetched elsewhere (OpenID Connect Core section 5.6.2). Serving the user without those
    /// groups would be a wrong answer, so the token is refused. An aggregated claim (no endpoint) is ignored as
    /// kube-apiserver does.
    private func refuseDistributed(_ claims: JSONObject, _ groupsClaim: String) throws(Refusal) {
        guard let source = claims["_claim_names"]?.object?[groupsClaim]?.string,
            let endpoint = claims["_claim_sources"]?.object?[source]?.object?["endpoint"], endpoint != .null,
            endpoint != .string("")
        else { return }
        throw Refusal(.distributedClaims, "claim \(groupsClaim) is a distributed claim, which is not resolved")
    }

    private func audiences(_ claims: JSONObject) throws(Refusal) -> [String] {
        guard let value = claims["aud"] else { return [] }
        return try stringOrArray(value, Refusal(.badClaims, "aud is neither a string nor strings"))
    }

    /// Go's `[]string` or `string`: null elements are empty strings, a null value is none at all.
    private func stringOrArray(_ value: JSONValue, _ refusal: Refusal) throws(Refusal) -> [String] {
        switch value {
        case .null: return []
        case .string(let string): return [string]
        case .array(let values):
            var strings: [String] = []
            for value in values {
                switch value {
                case .string(let string): strings.append(string)
                case .null: strings.append("")
                default: throw refusal
                }
            }
            return strings
        default: throw refusal
        }
    }

    /// Go's `string`: null leaves it empty; nil: there is no such claim.
    private func optionalString(_ claims: JSONObject, _ name: String) throws(Refusal) -> String? {
        switch claims[name] {
        case nil: return nil
        case .null: return ""
        case .string(let string): return string
        default: throw Refusal(.badClaims, "claim \(name) is not a string")
        }
    }

    /// go-oidc's `jsonTime`: a number, cut to whole seconds, or a string that spells one. Beyond 2^53 it is refused: Go
    /// would wrap around.
    private func time(_ claims: JSONObject, _ name: String, nullIsAbsent: Bool) throws(Refusal) -> Double? {
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
