// SPDX-License-Identifier: Apache-2.0

@testable import Worker

/// An RSA public key in the forms in which programs keep one.
struct PublicKeySpelling {
    let modulus: [UInt8]
    /// RFC 8017 appendix A.1.1.
    let publicKey: [UInt8]
    /// RFC 5280 section 4.1.
    let subjectPublicKeyInfo: [UInt8]
    /// RFC 7468 section 13.
    let pem: String

    struct NoKey: Error {}

    init(jwk: String) throws {
        guard let members = try JSONValue.parse(Array(jwk.utf8)).object, let modulus = Self.number(members["n"]),
            let exponent = Self.number(members["e"])
        else { throw NoKey() }
        self.modulus = modulus
        publicKey = Self.item(0x30, Self.integer(modulus) + Self.integer(exponent))
        // rsaEncryption, without parameters.
        let algorithm: [UInt8] = [
            0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
        ]
        subjectPublicKeyInfo = Self.item(0x30, algorithm + Self.item(0x03, [0] + publicKey))
        let text = Base64URL.encode(subjectPublicKeyInfo).map { character -> Character in
            switch character {
            case "-": "+"
            case "_": "/"
            default: character
            }
        }
        let padded = text + [Character](repeating: "=", count: (4 - text.count % 4) % 4)
        let lines = stride(from: 0, to: padded.count, by: 64).map { String(padded[$0..<min($0 + 64, padded.count)]) }
        pem = (["-----BEGIN PUBLIC KEY-----"] + lines + ["-----END PUBLIC KEY-----", ""]).joined(separator: "\n")
    }

    private static func number(_ value: JSONValue?) -> [UInt8]? {
        guard let text = value?.string.map({ Array($0.utf8) }) else { return nil }
        return Base64URL.decode(text.span, 0..<text.count)
    }

    private static func integer(_ bytes: [UInt8]) -> [UInt8] {
        item(0x02, (bytes.first ?? 0) > 0x7F ? [0] + bytes : bytes)
    }

    private static func item(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            switch count {
            case ..<128: [UInt8(count)]
            case ..<256: [0x81, UInt8(count)]
            default: [0x82, UInt8(count >> 8), UInt8(count & 255)]
            }
        return [tag] + length + content
    }
}
