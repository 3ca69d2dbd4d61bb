// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The claims of an ID token (OpenID Connect Core 1.0, 2).
struct TokenClaims {
    /// The client that the demo's tokens are for.
    static let defaultAudience = "demo"

    var issuer: String
    var subject: String
    var groups: [String]
    var audience = TokenClaims.defaultAudience
    /// Seconds from now; negative: expired so long ago.
    var expiresIn: Int

    func json(now: Date = Date()) -> JSON {
        let now = Int(now.timeIntervalSince1970)
        let issued = min(now, now + expiresIn - 60)
        return [
            "iss": .string(issuer), "sub": .string(subject), "aud": .string(audience),
            "groups": .array(groups.map { .string($0) }), "exp": .int(now + expiresIn), "iat": .int(issued),
            "nbf": .int(issued), "jti": .string(UUID().uuidString.lowercased()),
        ]
    }
}
