// SPDX-License-Identifier: Apache-2.0

/// One key of a key set (RFC 7517), checked and reduced to its public part.
///
/// `x5c`, `x5u` and whatever else a key may carry is left behind: a key is what the issuer's document says it is.
struct JSONWebKey: Equatable {
    enum Material: Equatable {
        /// Modulus and exponent, big endian, without leading zeros.
        case rsa(modulus: [UInt8], exponent: [UInt8])
        case elliptic(EllipticCurve, x: [UInt8], y: [UInt8])
    }

    /// Why a key is left out; the raw values are stable names for logs.
    enum Problem: String, Error, CaseIterable {
        case malformed = "malformed"
        case unsupportedType = "unsupported-type"
        case notForSignatures = "not-for-signatures"
        case unsupportedAlgorithm = "unsupported-algorithm"
        case weak = "weak"
        case tooLarge = "too-large"
        case rejectedByLibrary = "rejected-by-library"
        case tooMany = "too-many"
    }

    /// nil: the key has none.
    let keyID: String?
    /// The only algorithm the key may be used with, if it says so.
    let algorithm: SignatureAlgorithm?
    let material: Material

    static let rsaBits = 2048...8192

    init(_ value: JSONValue) throws(Problem) {
        guard let key = value.object, let type = key["kty"]?.string else { throw .malformed }
        keyID = try Self.optionalString(key["kid"])
        if let use = try Self.optionalString(key["use"]), use != "sig" { throw .notForSignatures }
        if let operations = key["key_ops"] {
            guard let operations = operations.array else { throw .malformed }
            guard operations.contains(.string("verify")) else { throw .notForSignatures }
        }
        switch type {
        case "RSA": material = try Self.rsa(key)
        case "EC": material = try Self.elliptic(key)
        default: throw .unsupportedType
        }
        if let name = try Self.optionalString(key["alg"]) {
            guard let algorithm = SignatureAlgorithm(rawValue: name) else { throw .unsupportedAlgorithm }
            self.algorithm = algorithm
            guard suits(algorithm) else { throw .malformed }
        } else {
            algorithm = nil
        }
    }

    /// Whether a signature of this algorithm may be verified by this key: its own `alg`, its type, its curve.
    func suits(_ wanted: SignatureAlgorithm) -> Bool {
        if let algorithm, algorithm != wanted { return false }
        return switch material {
        case .rsa: wanted.curve == nil
        case .elliptic(let curve, _, _): wanted.curve == curve
        }
    }

    /// The one length a signature by this key has, in bytes (RFC 8017 section 8, RFC 7518 section 3.4).
    var signatureBytes: Int {
        switch material {
        case .rsa(let modulus, _): modulus.count
        case .elliptic(let curve, _, _): 2 * curve.coordinateBytes
        }
    }

    /// The required members only, in lexicographic order: what RFC 7638 hashes, and all that cjose gets to see.
    var canonical: String {
        switch material {
        case .rsa(let modulus, let exponent):
            #"{"e":"\#(Base64URL.encode(exponent))","kty":"RSA","n":"\#(Base64URL.encode(modulus))"}"#
        case .elliptic(let curve, let x, let y):
            #"{"crv":"\#(curve.rawValue)","kty":"EC","x":"\#(Base64URL.encode(x))","y":"\#(Base64URL.encode(y))"}"#
        }
    }

    private static func optionalString(_ value: JSONValue?) throws(Problem) -> String? {
        guard let value else { return nil }
        guard let string = value.string else { throw .malformed }
        return string
    }

    private static func bytes(_ value: JSONValue?) throws(Problem) -> [UInt8] {
        guard let text = value?.string, let bytes = Base64URL.decode(text), !bytes.isEmpty else { throw .malformed }
        return bytes
    }

    private static func rsa(_ key: JSONObject) throws(Problem) -> Material {
        let modulus = Array(try bytes(key["n"]).drop { $0 == 0 })
        let exponent = Array(try bytes(key["e"]).drop { $0 == 0 })
        guard let top = modulus.first, let low = modulus.last, low & 1 == 1 else { throw .malformed }
        let bits = modulus.count * 8 - top.leadingZeroBitCount
        guard bits >= rsaBits.lowerBound else { throw .weak }
        guard bits <= rsaBits.upperBound else { throw .tooLarge }
        // An exponent of 1 makes the signature the message; a huge one makes each verification slow.
        guard let last = exponent.last, last & 1 == 1, exponent != [1] else { throw .weak }
        guard exponent.count <= 4 else { throw .tooLarge }
        guard !ROCAFingerprint.matches(modulus: modulus) else { throw .weak }
        return .rsa(modulus: modulus, exponent: exponent)
    }

    private static func elliptic(_ key: JSONObject) throws(Problem) -> Material {
        guard let name = key["crv"]?.string else { throw .malformed }
        guard let curve = EllipticCurve(rawValue: name) else { throw .unsupportedType }
        let x = try bytes(key["x"])
        let y = try bytes(key["y"])
        guard x.count == curve.coordinateBytes, y.count == curve.coordinateBytes else { throw .malformed }
        return .elliptic(curve, x: x, y: y)
    }
}
