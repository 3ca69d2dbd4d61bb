// SPDX-License-Identifier: Apache-2.0

/// A JWS in compact form (RFC 7515 section 7.1), taken apart strictly and not yet verified.
///
/// This is the envelope in front of cjose, which alone accepts padded and dirty base64, repeated members, critical
/// extensions and over-long ECDSA signatures.
struct CompactToken {
    let algorithm: SignatureAlgorithm
    /// nil: the header has no `kid`, or an empty one.
    let keyID: String?
    /// The header's `typ`.
    let type: String?
    let signatureBytes: Int

    /// The three parts, of which only the payload is decoded yet: it says whose token it is.
    struct Parts {
        let payload: [UInt8]
        private let header: Range<Int>
        private let signature: Range<Int>

        init(_ token: Span<UInt8>, limits: IdentityLimits) throws(Refusal) {
            guard token.count <= limits.tokenBytes else {
                throw Refusal(.tooLarge, "token longer than \(limits.tokenBytes) bytes")
            }
            let parts = try CompactToken.parts(token)
            guard let payload = Base64URL.decode(token, parts.payload) else {
                throw Refusal(.malformed, "payload is not canonical base64url")
            }
            self.payload = payload
            header = parts.header
            signature = parts.signature
        }

        fileprivate func decodeHeader(_ token: Span<UInt8>) throws(Refusal) -> [UInt8] {
            guard let bytes = Base64URL.decode(token, header) else {
                throw Refusal(.malformed, "header is not canonical base64url")
            }
            return bytes
        }

        fileprivate func countSignature(_ token: Span<UInt8>) throws(Refusal) -> Int {
            guard let bytes = Base64URL.decode(token, signature) else {
                throw Refusal(.malformed, "signature is not canonical base64url")
            }
            return bytes.count
        }

        /// The claims. What is no JSON object is no JWT; what two readers might understand differently is refused.
        func claims(limits: IdentityLimits) throws(Refusal) -> JSONObject {
            let value: JSONValue
            do throws(JSONError) {
                value = try JSONValue.parse(payload, maximumDepth: limits.jsonDepth)
            } catch {
                throw Refusal(error == .syntax ? .malformed : .badClaims, "claims: unacceptable JSON: \(error)")
            }
            guard let object = value.object else { throw Refusal(.malformed, "claims: not a JSON object") }
            return object
        }
    }

    /// Takes the header apart. `allowed` is what the configuration allows; everything else is refused before any key is
    /// looked at.
    init(
        _ token: Span<UInt8>, _ parts: Parts, allowed: Set<SignatureAlgorithm>, limits: IdentityLimits
    ) throws(Refusal) {
        let header = try parts.decodeHeader(token)
        signatureBytes = try parts.countSignature(token)
        let members = try JSONObject(
            untrusted: header, maximumDepth: limits.jsonDepth, otherwise: .badHeader, name: "header")
        (algorithm, keyID) = try Self.header(members, allowed: allowed)
        type = members["typ"]?.string
    }

    private static func parts(
        _ token: Span<UInt8>
    ) throws(Refusal) -> (header: Range<Int>, payload: Range<Int>, signature: Range<Int>) {
        var dots: [Int] = []
        for index in token.indices where token[index] == UInt8(ascii: ".") {
            guard dots.count < 2 else { throw Refusal(.malformed, "more than three parts") }
            dots.append(index)
        }
        guard dots.count == 2 else { throw Refusal(.malformed, "not three parts") }
        let header = 0..<dots[0]
        let payload = dots[0] + 1..<dots[1]
        let signature = dots[1] + 1..<token.count
        // An empty payload is a JWS; that it holds no claims is found out later.
        guard !header.isEmpty, !signature.isEmpty else { throw Refusal(.malformed, "empty part") }
        return (header, payload, signature)
    }

    /// `jku`, `jwk`, `x5u` and `x5c` are not even looked at: keys come from the issuer's key set only (RFC 8725 section 3.10).
    private static func header(
        _ members: JSONObject, allowed: Set<SignatureAlgorithm>
    ) throws(Refusal) -> (SignatureAlgorithm, String?) {
        guard let name = members["alg"]?.string else { throw Refusal(.badHeader, "alg missing or not a string") }
        guard let algorithm = SignatureAlgorithm(rawValue: name), allowed.contains(algorithm) else {
            throw Refusal(.algorithmNotAllowed, "signed with an algorithm that is not allowed")
        }
        guard members["crit"] == nil else { throw Refusal(.criticalHeader, "crit names extensions; none is known") }
        guard members["b64"] == nil else { throw Refusal(.criticalHeader, "b64 (RFC 7797) is not for tokens") }
        for name in ["kid", "typ", "cty"] {
            if let value = members[name], value.string == nil { throw Refusal(.badHeader, "\(name) is not a string") }
        }
        guard let keyID = members["kid"]?.string, !keyID.isEmpty else { return (algorithm, nil) }
        return (algorithm, keyID)
    }
}
