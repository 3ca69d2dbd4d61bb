// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// Decides whose a bearer token is: `TokenJudge` with a bounded cache in front. Synchronous and without I/O: keys are
/// given to it, time is an argument.
final class Authenticator {
    let policy: AuthenticationPolicy
    /// nil: nobody may come without credentials.
    let anonymous: AnonymousAccess?
    private let judge: TokenJudge
    private let limits: IdentityLimits
    private let acceptedFor: Double
    private let refusedFor: Double
    private(set) var keys = KeySet.none
    /// How many documents of keys have come.
    private var installations: UInt64 = 0
    private var accepted: TokenCache<Identity>
    private var refused: TokenCache<Refusal>

    /// A configuration with problems (`policy.problems`) has no issuers: nobody is let in by it.
    init(configuration: AuthenticationConfiguration, limits: IdentityLimits = IdentityLimits()) {
        policy = AuthenticationPolicy(configuration)
        anonymous = AnonymousAccess(policy.anonymous)
        judge = TokenJudge(policy: policy, limits: limits)
        self.limits = limits
        acceptedFor = configuration.cache.acceptedFor.inSeconds
        refusedFor = configuration.cache.refusedFor.inSeconds
        // Apart, so that a flood of bad tokens cannot push out good ones.
        let refusals = configuration.cache.maxEntries / 4
        refused = TokenCache(capacity: refusals)
        accepted = TokenCache(capacity: configuration.cache.maxEntries - refusals)
    }

    /// Whether the keyring has said which keys there are, if there is an issuer at all. None may be among them: an issuer
    /// that is away keeps nobody out whom others vouch for.
    var knowsKeys: Bool { policy.issuers.isEmpty || installations > 0 }

    /// Changes whenever this issuer's keys were fetched anew, changed or not, and not by what becomes of others' keys.
    func keysMark(issuer: Int) -> UInt64 {
        guard let found = keys.keys(of: policy.issuers[issuer].url) else { return 0 }
        return found.fetches ?? installations
    }

    /// Entries of the cache: accepted and refused.
    var cached: (accepted: Int, refused: Int) { (accepted.count, refused.count) }

    /// Puts a new generation of keys in force. Identities verified by a key that its issuer has no more are forgotten, and
    /// so is every refusal, since a new key may overturn it.
    func install(_ keys: KeySet) {
        self.keys = keys
        installations += 1
        let thumbprints = policy.issuers.map { issuer in
            Set(keys.keys(of: issuer.url)?.keys.map(\.thumbprint) ?? [])
        }
        if DeliberateFault.isOn(.withdrawnKeysStay) { return }
        accepted.removeAll { !thumbprints[$0.issuer].contains($0.keyThumbprint) }
        refused.removeAll { _ in true }
    }

    /// Judges a token: the bytes after `Bearer `, at `now` seconds since 1970.
    ///
    /// - Parameters:
    ///   - claimed: what the source of the token's distributed groups has answered.
    ///   - memo: of the connection that it came by.
    func authenticate(
        _ token: Span<UInt8>, now: Double, claimed: [UInt8]? = nil, memo: TokenMemo? = nil
    ) -> AuthenticationOutcome {
        guard token.count <= limits.tokenBytes else {
            return .refused(Refusal(.tooLarge, "token longer than \(limits.tokenBytes) bytes"))
        }
        let digest = memo?.digest(of: token) ?? TokenDigester.digest(token)
        if let identity = accepted.find(digest, now: now) { return .accepted(identity) }
        if let refusal = refused.find(digest, now: now) { return .refused(refusal) }
        do throws(Refusal) {
            var expanded: (name: String, value: JSONValue)?
            if let claimed, let source = judge.distributedGroups(token) {
                switch try judge.claim(source, of: claimed.span, keys: keys, now: now) {
                case .needsKeys(let issuer): return .needsKeys(issuer: issuer)
                case .value(let value): expanded = (source.claim, value)
                }
            }
            switch judge.judge(token, keys: keys, now: now, expanded: expanded) {
            case .needsKeys(let issuer): return .needsKeys(issuer: issuer)
            case .refused(let refusal) where refusal.reason == .distributedClaims && claimed == nil:
                guard let source = judge.distributedGroups(token) else { throw refusal }
                return .needsClaim(source)
            case .refused(let refusal), .notOurs(let refusal): throw refusal
            case .user(let verified):
                let identity = try identity(verified, now: now)
                accepted.insert(identity, for: digest, until: identity.believedUntil, now: now)
                return .accepted(identity)
            }
        } catch {
            // A token that only comes too early must not be held back by the cache.
            if error.reason != .notYetValid {
                refused.insert(error, for: digest, until: now + refusedFor, now: now)
            }
            return .refused(error)
        }
    }

    private func identity(_ verified: VerifiedToken, now: Double) throws(Refusal) -> Identity {
        try policy.checkReserved(verified.user)
        let user = verified.user.authenticated
        return Identity(
            user: user, impersonationHeader: try ImpersonationHeader.render(user, limits: limits),
            expiresAt: verified.expiresAt, believedUntil: min(verified.expiresAt, now + acceptedFor),
            issuer: verified.issuer, keyThumbprint: verified.keyThumbprint)
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
