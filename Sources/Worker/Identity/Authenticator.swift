// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// Decides whose a bearer token is. Synchronous and without I/O: keys are given to it, time is an argument.
///
/// Order of the checks: cache, form, claims that need no key, key by `kid`, signature, user. A token is never half believed:
/// claims read before the signature only lead to earlier refusals.
final class Authenticator {
    private let policy: OIDCPolicy
    private let limits: IdentityLimits
    private let acceptedFor: Double
    private let refusedFor: Double
    private let digester = TokenDigester()
    private(set) var keys = KeySet.none
    private var accepted: TokenCache<Identity>
    private var refused: TokenCache<Refusal>

    init(configuration: AuthenticationConfiguration, limits: IdentityLimits = IdentityLimits()) {
        policy = OIDCPolicy(configuration.oidc)
        self.limits = limits
        acceptedFor = configuration.cache.acceptedFor.inSeconds
        refusedFor = configuration.cache.refusedFor.inSeconds
        // Apart, so that a flood of bad tokens cannot push out good ones.
        let refusals = configuration.cache.maxEntries / 4
        refused = TokenCache(capacity: refusals)
        accepted = TokenCache(capacity: configuration.cache.maxEntries - refusals)
    }

    /// Whether keys of the configured issuer are at hand.
    var hasKeys: Bool { keys.keys(of: policy.issuer) != nil }

    /// Entries of the cache: accepted and refused.
    var cached: (accepted: Int, refused: Int) { (accepted.count, refused.count) }

    /// Puts a new generation of keys in force. Identities verified by a key that is gone are forgotten, and so is every
    /// refusal, since a new key may overturn it.
    func install(_ keys: KeySet) {
        self.keys = keys
        let thumbprints = Set(keys.keys(of: policy.issuer)?.keys.map(\.thumbprint) ?? [])
        accepted.removeAll { !thumbprints.contains($0.keyThumbprint) }
        refused.removeAll { _ in true }
    }

    /// Judges a token: the bytes after `Bearer `, at `now` seconds since 1970.
    func authenticate(_ token: Span<UInt8>, now: Double) -> AuthenticationOutcome {
        guard token.count <= limits.tokenBytes else {
            return .refused(Refusal(.tooLarge, "token longer than \(limits.tokenBytes) bytes"))
        }
        let digest = digester.digest(token)
        if let identity = accepted.find(digest, now: now) { return .accepted(identity) }
        if let refusal = refused.find(digest, now: now) { return .refused(refusal) }
        do throws(Refusal) {
            guard let identity = try verify(token, now: now) else { return .needsKeys }
            accepted.insert(identity, for: digest, until: identity.believedUntil, now: now)
            return .accepted(identity)
        } catch {
            // A token that only comes too early must not be held back by the cache.
            if error.reason != .notYetValid {
                refused.insert(error, for: digest, until: now + refusedFor, now: now)
            }
            return .refused(error)
        }
    }

    /// nil: keys are needed that are not there.
    private func verify(_ token: Span<UInt8>, now: Double) throws(Refusal) -> Identity? {
        let compact = try CompactToken(token, allowed: policy.allowedAlgorithms, limits: limits)
        let claims = try JSONObject(
            untrusted: compact.payload, maximumDepth: limits.jsonDepth, otherwise: .badClaims, name: "claims")
        let expiry = try policy.checkRegisteredClaims(claims, now: now)
        guard let issuer = keys.keys(of: policy.issuer),
            let key = try issuer.signer(of: token, compact, attempts: limits.keyAttempts)
        else { return nil }
        let user = try policy.user(claims)
        return Identity(
            user: user, impersonationHeader: try ImpersonationHeader.render(user, limits: limits),
            expiresAt: expiry, believedUntil: min(expiry, now + acceptedFor), keyThumbprint: key.thumbprint)
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
