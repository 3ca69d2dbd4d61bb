// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// Signs the assertions by which the gateway makes itself known to an authorization server (RFC 7523): RS256 with an RSA
/// key, ES256 with one on P-256.
@safe final class AssertionSigner {
    private let key: OpaquePointer
    private let algorithm: String
    /// Bytes of each of an ECDSA signature's two numbers (RFC 7518 section 3.4); 0: RSA.
    private let coordinateBytes: Int

    /// nil: no private key that is suited is in the text.
    init?(pem: [UInt8]) {
        let loaded = unsafe pem.withUnsafeBytes { bytes -> OpaquePointer? in
            guard let bio = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
            defer { unsafe BIO_free_all(bio) }
            // Without a callback OpenSSL would ask the terminal, and wait for ever.
            return unsafe PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
        }
        ERR_clear_error()
        guard let key = unsafe loaded else { return nil }
        let bits = unsafe EVP_PKEY_get_bits(key)
        switch unsafe EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA where bits >= 2_048: (algorithm, coordinateBytes) = ("RS256", 0)
        case EVP_PKEY_EC where bits == 256: (algorithm, coordinateBytes) = ("ES256", 32)
        default:
            unsafe EVP_PKEY_free(key)
            return nil
        }
        unsafe self.key = key
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// The claims as a JWS in compact form; nil: OpenSSL fails.
    func sign(_ claims: String, keyID: String?) -> String? {
        var header = #"{"alg":"\#(algorithm)","typ":"JWT""#
        if let keyID { header += #","kid":"# + JSONValue.quoted(keyID) }
        header += "}"
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        guard let signature = signature(of: Array(input.utf8)) else { return nil }
        return input + "." + Base64URL.encode(signature)
    }

    private func signature(of input: [UInt8]) -> [UInt8]? {
        defer { ERR_clear_error() }
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1 else { return nil }
        var length = 0
        let isSized = unsafe input.withUnsafeBufferPointer { bytes in
            unsafe EVP_DigestSign(context, nil, &length, bytes.baseAddress, bytes.count) == 1
        }
        guard isSized else { return nil }
        var signature = [UInt8](repeating: 0, count: length)
        let isSigned = unsafe signature.withUnsafeMutableBufferPointer { output in
            unsafe input.withUnsafeBufferPointer { bytes in
                unsafe EVP_DigestSign(context, output.baseAddress, &length, bytes.baseAddress, bytes.count) == 1
            }
        }
        guard isSigned else { return nil }
        signature.removeLast(signature.count - length)
        return coordinateBytes == 0 ? signature : Self.flat(signature, bytes: coordinateBytes)
    }

    /// The two numbers of a DER `ECDSA-Sig-Value`, each of so many bytes.
    private static func flat(_ der: [UInt8], bytes: Int) -> [UInt8]? {
        unsafe der.withUnsafeBufferPointer { buffer -> [UInt8]? in
            var place = buffer.baseAddress
            guard let parsed = unsafe d2i_ECDSA_SIG(nil, &place, buffer.count) else { return nil }
            defer { unsafe ECDSA_SIG_free(parsed) }
            var flat = [UInt8](repeating: 0, count: 2 * bytes)
            let isWritten = unsafe flat.withUnsafeMutableBufferPointer { output in
                guard let base = output.baseAddress else { return false }
                return unsafe BN_bn2binpad(ECDSA_SIG_get0_r(parsed), base, Int32(bytes)) == Int32(bytes)
                    && BN_bn2binpad(ECDSA_SIG_get0_s(parsed), base + bytes, Int32(bytes)) == Int32(bytes)
            }
            return isWritten ? flat : nil
        }
    }
}
