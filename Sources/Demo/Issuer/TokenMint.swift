// SPDX-License-Identifier: Apache-2.0

/// Makes tokens with the issuer's keys, out of the folder of a stand-in.
struct TokenMint {
    let folder: StandInFolder

    /// The issuer of the stand-in that runs (or ran last) in the folder.
    func issuer() throws -> String {
        try JSON(parsing: folder.read(folder.addresses).utf8)["issuer"]?.text ?? ""
    }

    func mint(_ claims: TokenClaims, curve: Bool = false) throws -> String {
        let file = curve ? folder.curveSigningKey : folder.signingKey
        return try SigningKey(PrivateKey(pem: folder.read(file))).token(claims.json())
    }

    /// Writes the tokens that the demo and its tests use: `token` (alice), `token-es256`, `token-expired`,
    /// `token-forged` (signed by a stranger who names the issuer's key) and `token-unknown-kid`.
    func mintSamples() throws {
        let claims = TokenClaims(issuer: try issuer(), subject: "alice", groups: ["dev"], expiresIn: 8 * 3_600)
        var expired = claims
        expired.expiresIn = -3_600
        let genuine = try SigningKey(PrivateKey(pem: folder.read(folder.signingKey)))
        let stranger = try SigningKey(PrivateKey(generating: .rsa2048))
        let samples = try [
            "token": genuine.token(claims.json()), "token-es256": mint(claims, curve: true),
            "token-expired": genuine.token(expired.json()),
            "token-forged": stranger.token(claims.json(), keyID: genuine.keyID),
            "token-unknown-kid": stranger.token(claims.json()),
        ]
        for (name, token) in samples {
            try folder.write(token, to: folder.file(name), secret: true)
        }
    }
}
