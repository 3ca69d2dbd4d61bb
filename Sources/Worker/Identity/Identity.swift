// SPDX-License-Identifier: Apache-2.0

import Shared

/// A verified token's user, with what the proxy needs of it ready made. Immutable; shared by every exchange of the user.
final class Identity {
    let user: UserInfo
    /// The user's name as a row on the scoreboard shows it.
    let shownUser: FixedText<6>
    /// `Impersonate-User: …\r\n` and so on, to be copied into the upstream's request head as it is.
    let impersonationHeader: [UInt8]
    /// The token's `exp`, seconds since 1970.
    let expiresAt: Double
    /// Until when the cache believes it without looking again; never past `expiresAt`.
    let believedUntil: Double
    /// Whose token it is: a place in the configuration.
    let issuer: Int
    /// The key that verified the token: when it leaves the key set, so does the cached identity.
    let keyThumbprint: TokenDigest
    /// The request goes on with its own token instead of the gateway's, and impersonates nobody.
    let forwardsToken: Bool

    init(
        user: UserInfo, impersonationHeader: [UInt8], expiresAt: Double, believedUntil: Double, issuer: Int = -1,
        keyThumbprint: TokenDigest = TokenDigest(), forwardsToken: Bool = false
    ) {
        self.user = user
        shownUser = FixedText(user.username)
        self.impersonationHeader = impersonationHeader
        self.expiresAt = expiresAt
        self.believedUntil = believedUntil
        self.issuer = issuer
        self.keyThumbprint = keyThumbprint
        self.forwardsToken = forwardsToken
    }
}
