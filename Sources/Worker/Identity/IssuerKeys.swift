// SPDX-License-Identifier: Apache-2.0

/// The usable keys of one issuer.
struct IssuerKeys {
    static let maximumKeys = 100

    let issuer: String
    /// Seconds since 1970.
    let fetchedAt: Int64
    let keys: [VerificationKey]
    /// How often the keyring has fetched them; nil: it does not say.
    let fetches: UInt64?
    /// How many keys were left out, by reason.
    let skipped: [JSONWebKey.Problem: Int]

    /// Imports a JWKS (RFC 7517 section 5). Keys that cannot verify signatures are left out and counted.
    init(
        issuer: String, fetchedAt: Int64, fetches: UInt64?, jwks: JSONValue
    ) throws(KeySetError) {
        guard let entries = jwks.object?["keys"]?.array else { throw .malformed("keys is not an array") }
        var keys: [VerificationKey] = []
        var skipped: [JSONWebKey.Problem: Int] = [:]
        for (index, entry) in entries.enumerated() {
            do throws(JSONWebKey.Problem) {
                guard index < Self.maximumKeys else { throw .tooMany }
                keys.append(try VerificationKey(JSONWebKey(entry)))
            } catch {
                skipped[error, default: 0] += 1
            }
        }
        self.issuer = issuer
        self.fetchedAt = fetchedAt
        self.fetches = fetches
        self.keys = keys
        self.skipped = skipped
    }

    /// The key that made the token's signature; nil if only a newer key set might hold it.
    ///
    /// Keys are chosen by `kid` before anything is verified; without `kid`, all are tried, as go-oidc does, up to
    /// `attempts`.
    func signer(
        of token: Span<UInt8>, _ compact: CompactToken, attempts: Int
    ) throws(Refusal) -> VerificationKey? {
        let named = named(compact.keyID)
        guard !named.isEmpty else { return nil }
        let candidates = named.filter {
            $0.key.suits(compact.algorithm) && $0.key.signatureBytes == compact.signatureBytes
        }
        for key in candidates.prefix(attempts) where key.verifies(token) { return key }
        // Without a kid there is no telling an unknown key from a bad signature: the key set may have changed.
        guard compact.keyID != nil else { return nil }
        if candidates.isEmpty {
            throw Refusal(.keyUnsuitable, "the key of this kid is not for this algorithm or signature length")
        }
        throw Refusal(.badSignature, "signature does not verify")
    }

    private func named(_ keyID: String?) -> [VerificationKey] {
        guard let keyID else { return keys }
        return keys.filter { $0.key.keyID?.isExactly(keyID) ?? false }
    }
}
