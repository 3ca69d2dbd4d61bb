// SPDX-License-Identifier: Apache-2.0

/// A key that tokens are signed with, its name (the RFC 7638 thumbprint) and its public form as a JWK (RFC 7517).
struct SigningKey {
    let key: PrivateKey
    let keyID: String
    let algorithm: String
    let jwk: JSON

    init(_ key: PrivateKey) throws(CryptoError) {
        self.key = key
        var members: [String: JSON] = [:]
        switch key.kind {
        case .rsa2048:
            algorithm = "RS256"
            members["kty"] = "RSA"
            members["n"] = .string(Base64URL.encode(try key.publicNumber("n")))
            members["e"] = .string(Base64URL.encode(try key.publicNumber("e")))
        case .p256:
            algorithm = "ES256"
            members["kty"] = "EC"
            members["crv"] = "P-256"
            members["x"] = .string(Base64URL.encode(try key.publicNumber("qx", length: 32)))
            members["y"] = .string(Base64URL.encode(try key.publicNumber("qy", length: 32)))
        }
        // The thumbprint is of exactly these members, sorted, without white space.
        let digest = SHA256Digest()
        digest.update(Array(JSON.object(members).line().utf8))
        keyID = Base64URL.encode(digest.bytes())
        members["kid"] = .string(keyID)
        members["alg"] = .string(algorithm)
        members["use"] = "sig"
        jwk = .object(members)
    }

    /// A JSON Web Token in compact form, signed with this key; `keyID` to name another one.
    func token(_ claims: JSON, keyID: String? = nil) throws(CryptoError) -> String {
        let header: JSON = ["alg": .string(algorithm), "typ": "JWT", "kid": .string(keyID ?? self.keyID)]
        let signed = Base64URL.encode(Array(header.line().utf8)) + "." + Base64URL.encode(Array(claims.line().utf8))
        return signed + "." + Base64URL.encode(try key.jwsSignature(of: signed))
    }
}
