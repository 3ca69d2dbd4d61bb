// SPDX-License-Identifier: Apache-2.0

/// What a token that was found good says.
struct VerifiedToken {
    /// As kube-apiserver's authenticator of tokens has it: without `system:authenticated`, which comes afterwards.
    let user: UserInfo
    /// The issuer's place in the configuration.
    let issuer: Int
    /// `exp`, seconds since 1970.
    let expiresAt: Double
    let keyThumbprint: TokenDigest
    let claims: JSONObject
}
