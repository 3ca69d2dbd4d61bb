// SPDX-License-Identifier: Apache-2.0

/// The JWS algorithms that can be allowed (RFC 7518 section 3.1): kube-apiserver's `allowedSigningAlgs`. `none` and the
/// HMAC family cannot even be named here.
enum SignatureAlgorithm: String, CaseIterable, Sendable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"

    /// The curve an ES algorithm is bound to (RFC 7518 section 3.4); nil: RSA.
    var curve: EllipticCurve? {
        switch self {
        case .es256: .p256
        case .es384: .p384
        case .es512: .p521
        default: nil
        }
    }
}

/// The curves of RFC 7518 section 6.2.1.1.
enum EllipticCurve: String, Sendable {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"

    /// Bytes of one coordinate, and half of a signature.
    var coordinateBytes: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }
}
