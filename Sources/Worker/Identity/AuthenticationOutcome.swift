// SPDX-License-Identifier: Apache-2.0

/// What `Authenticator.authenticate` says of a token.
enum AuthenticationOutcome {
    case accepted(Identity)
    /// Without credentials, and let in all the same.
    case anonymous(Identity)
    case refused(Refusal)
    /// Good, but its groups are to be had elsewhere: the caller asks there, and tries again with the answer.
    case needsClaim(DistributedClaim.Source)
    /// No key at hand can decide: the issuer's keys have not arrived, or the token names an unknown one. The caller asks
    /// the keyring for one refresh, waits for the next `install` within its identity deadline, and tries again; still
    /// `needsKeys` then is a refusal.
    case needsKeys(issuer: Int)
}
