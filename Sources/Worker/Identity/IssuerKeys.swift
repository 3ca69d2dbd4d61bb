// SPDX-License-Identifier: Apache-2.0

/// The usable keys of one issuer.
struct IssuerKeys {
    static let maximumKeys = 100

    let issuer: String
    /// Seconds since 1970.
    let fetchedAt: Int64
    let keys: [VerificationKey]
    /// How many keys were left out, by reason.
    let skipped: [JSONWebKey.Problem: Int]

    /// Imports a JWKS (RFC 7517 section 5). Keys that cannot verify signatures are left out and counted.
    init(issuer: String, fetchedAt: Int64, jwks: JSONValue, digester: TokenDigester) throws(KeySetError) {
        guard let entries = jwks.object?["keys"]?.array else { throw .malformed("keys is not an array") }
        var keys: [VerificationKey] = []
        var skipped: [JSONWebKey.Problem: Int] = [:]
        for (index, entry) in entries.enumerated() {
            do throws(JSONWebKey.Problem) {
                guard index < Self.maximumKeys else { throw .tooMany }
                keys.append(try VerificationKey(JSONWebKey(entry), digester: digester))
            } catch {
                skipped[error, default: 0] += 1
            }
        }
        self.issuer = issuer
        self.fetchedAt = fetchedAt
        self.keys = keys
        self.skipped = skipped
    }

    /// The keys a token of this `kid` may have been signed with; without `kid`, all of them, as go-oidc tries them.
    func named(_ keyID: String?) -> [VerificationKey] {
        guard let keyID else { return keys }
        return keys.filter { $0.key.keyID?.isExactly(keyID) ?? false }
    }
}
