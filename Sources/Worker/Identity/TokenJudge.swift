// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// Decides whose a JWT is, by the configuration and the keys at hand. Synchronous, without I/O and without memory: time
/// and keys are arguments. `Authenticator` puts its cache in front of it, `explain` a trace beside it.
///
/// Order of the checks: form, issuer, header, claims that need no key, key by `kid`, signature, user. A token is never
/// half believed: claims read before the signature only lead to earlier refusals.
struct TokenJudge {
    let policy: AuthenticationPolicy
    let limits: IdentityLimits

    enum Verdict {
        case user(VerifiedToken)
        /// By one of our issuers, and not acceptable.
        case refused(Refusal)
        /// No JWT, or by no issuer of ours: another authenticator may know it.
        case notOurs(Refusal)
        /// By this issuer, whose keys at hand cannot decide.
        case needsKeys(issuer: Int)
    }

    /// - Parameter expanded: a claim that was to be had elsewhere, and what it is (`claim`).
    func judge(
        _ token: Span<UInt8>, keys: KeySet, now: Double, trace: JudgementTrace? = nil,
        expanded: (name: String, value: JSONValue)? = nil
    ) -> Verdict {
        var index: Int?
        do throws(Refusal) {
            trace?.begin("form", "\(token.count) bytes")
            let parts = try CompactToken.Parts(token, limits: limits)
            var claims = try parts.claims(limits: limits)
            if let expanded { _ = claims.insert(expanded.value, for: expanded.name) }
            trace?.begin("issuer")
            index = RegisteredClaims.untrustedIssuer(claims).flatMap { named in
                policy.issuers.firstIndex { $0.url.isExactly(named) }
            }
            guard let index else { throw Refusal(.unknownIssuer, "not by a configured issuer") }
            return try verify(token, parts, claims, index, keys, now, trace)
        } catch {
            trace?.fail(error.message)
            return index == nil && error.isNotOurs ? .notOurs(error) : .refused(error)
        }
    }

    /// Where a token's groups are to be had that was refused for having them elsewhere: it is verified by then.
    func distributedGroups(_ token: Span<UInt8>) -> DistributedClaim.Source? {
        guard let parts = try? CompactToken.Parts(token, limits: limits),
            let claims = try? parts.claims(limits: limits),
            let named = RegisteredClaims.untrustedIssuer(claims),
            let issuer = policy.issuers.firstIndex(where: { $0.url.isExactly(named) }),
            case .claim(let claim, _) = policy.issuers[issuer].mapper.groups
        else { return nil }
        return DistributedClaim.source(
            of: claim, in: claims, authority: policy.issuers[issuer].authority, issuer: issuer)
    }

    /// What a claim's source has answered.
    enum ClaimVerdict {
        case value(JSONValue)
        /// By this issuer, whose keys at hand cannot decide.
        case needsKeys(issuer: Int)
    }

    /// A claim out of what its source has answered: a JWT by any of our issuers, and for the rest as the issuer that named
    /// the source has its own, audiences and algorithms (k8s.io/apiserver/plugin/pkg/authenticator/token/oidc,
    /// `claimResolver.resolve`, whose verifier is made of the token's authenticator).
    func claim(
        _ source: DistributedClaim.Source, of token: Span<UInt8>, keys: KeySet, now: Double
    ) throws(Refusal) -> ClaimVerdict {
        let parts = try CompactToken.Parts(token, limits: limits)
        let claims = try parts.claims(limits: limits)
        guard let named = RegisteredClaims.untrustedIssuer(claims),
            let index = policy.issuers.firstIndex(where: { $0.url.isExactly(named) })
        else { throw Refusal(.distributedClaims, "the distributed claim is not by a configured issuer") }
        let rules = policy.issuers[source.issuer]
        let compact = try CompactToken(token, parts, allowed: rules.algorithms, limits: limits)
        _ = try RegisteredClaims.check(claims, audiences: rules.audiences, now: now, trace: nil)
        guard
            let set = keys.keys(of: policy.issuers[index].url),
            try set.signer(of: token, compact, attempts: limits.keyAttempts) != nil
        else { return .needsKeys(issuer: index) }
        guard let value = claims[source.claim] else {
            throw Refusal(.distributedClaims, "the distributed claim's source does not have it")
        }
        return .value(value)
    }

    private func verify(
        _ token: Span<UInt8>, _ parts: CompactToken.Parts, _ claims: JSONObject, _ index: Int, _ keys: KeySet,
        _ now: Double, _ trace: JudgementTrace?
    ) throws(Refusal) -> Verdict {
        let issuer = policy.issuers[index]
        trace?.note(issuer.url)
        trace?.begin("header")
        let compact = try CompactToken(token, parts, allowed: issuer.algorithms, limits: limits)
        try checkType(compact)
        trace?.note(compact.algorithm.rawValue)
        let expiry = try RegisteredClaims.check(claims, audiences: issuer.audiences, now: now, trace: trace)
        trace?.begin("signature")
        guard let set = keys.keys(of: issuer.url),
            let key = try set.signer(of: token, compact, attempts: limits.keyAttempts)
        else {
            trace?.fail("the issuer's keys at hand cannot tell")
            return .needsKeys(issuer: index)
        }
        trace?.note(key.key.keyID.map { "key \(JSONValue.quoted($0))" } ?? "a key without kid")
        let user = try issuer.mapper.user(claims, trace: trace)
        return .user(
            VerifiedToken(
                user: user, issuer: index, expiresAt: expiry, keyThumbprint: key.thumbprint, claims: claims))
    }

    /// `typ`, if the configuration cares (RFC 8725 section 3.11, RFC 9068 section 4); kube-apiserver does not look at it. A
    /// token without one is a `JWT`.
    private func checkType(_ compact: CompactToken) throws(Refusal) {
        guard !policy.tokenTypes.isEmpty else { return }
        guard policy.tokenTypes.contains(AuthenticationPolicy.tokenType(compact.type ?? "JWT")) else {
            throw Refusal(.wrongType, "typ is not among the configured token types")
        }
    }
}
