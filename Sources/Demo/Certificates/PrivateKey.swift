// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// A private key of libcrypto's, RSA or elliptic curve. The only owner of its `EVP_PKEY`.
@safe final class PrivateKey {
    enum Kind {
        case rsa2048
        case p256
    }

    let handle: OpaquePointer

    /// Makes a new key.
    init(generating kind: Kind) throws(CryptoError) {
        let made =
            switch kind {
            case .rsa2048: unsafe lg_rsa_generate(2048)
            case .p256: unsafe lg_ec_generate("P-256")
            }
        guard let made = unsafe made else { throw CryptoError("making a key") }
        unsafe self.handle = made
    }

    /// Reads an unencrypted PEM key.
    init(pem: String) throws(CryptoError) {
        let bio = try MemoryBIO.holding(pem)
        guard let read = unsafe PEM_read_bio_PrivateKey(bio.handle, nil, nil, nil) else {
            throw CryptoError("reading a private key")
        }
        unsafe self.handle = read
    }

    deinit {
        unsafe EVP_PKEY_free(handle)
    }

    var kind: Kind {
        unsafe EVP_PKEY_get_base_id(handle) == EVP_PKEY_RSA ? .rsa2048 : .p256
    }

    /// The key as unencrypted PKCS#8 PEM.
    func pem() throws(CryptoError) -> String {
        let bio = try MemoryBIO()
        guard unsafe PEM_write_bio_PrivateKey(bio.handle, handle, nil, nil, 0, nil, nil) == 1 else {
            throw CryptoError("writing a private key")
        }
        return bio.text()
    }

    /// A number of the public part, big-endian: `n` and `e` of RSA, `qx` and `qy` of a curve (openssl/core_names.h),
    /// left-padded to `length` bytes if that is given.
    func publicNumber(_ name: String, length: Int? = nil) throws(CryptoError) -> [UInt8] {
        var number: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(handle, name, &number) == 1 else { throw CryptoError("reading \(name)") }
        defer { unsafe BN_free(number) }
        let count = unsafe length ?? (Int(BN_num_bits(number)) + 7) / 8
        var bytes = [UInt8](repeating: 0, count: count)
        let written = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe BN_bn2binpad(number, buffer.baseAddress, Int32(buffer.count))
        }
        guard Int(written) == count else { throw CryptoError("writing \(name)") }
        return bytes
    }

    /// The SHA-256 signature as JWS wants it (RFC 7518): RSASSA-PKCS1-v1_5, or ECDSA's r and s, 32 bytes each.
    func jwsSignature(of message: String) throws(CryptoError) -> [UInt8] {
        let signature = try self.signature(of: Array(message.utf8))
        return kind == .rsa2048 ? signature : try Self.fixedWidth(derSignature: signature)
    }

    private func signature(of message: [UInt8]) throws(CryptoError) -> [UInt8] {
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, handle) == 1 else {
            throw CryptoError("EVP_DigestSignInit")
        }
        var signature = [UInt8](repeating: 0, count: Int(unsafe EVP_PKEY_get_size(handle)))
        var length = signature.count
        let done = unsafe signature.withUnsafeMutableBufferPointer { out in
            unsafe message.withUnsafeBufferPointer { input in
                unsafe EVP_DigestSign(context, out.baseAddress, &length, input.baseAddress, input.count)
            }
        }
        guard done == 1 else { throw CryptoError("EVP_DigestSign") }
        return Array(signature.prefix(length))
    }

    /// RFC 7518, 3.4: r and s, big-endian, each as wide as the curve's order, instead of a DER sequence.
    private static func fixedWidth(derSignature: [UInt8]) throws(CryptoError) -> [UInt8] {
        let parsed = unsafe derSignature.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return unsafe d2i_ECDSA_SIG(nil, &start, buffer.count)
        }
        guard let parsed = unsafe parsed else { throw CryptoError("d2i_ECDSA_SIG") }
        defer { unsafe ECDSA_SIG_free(parsed) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let written = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe BN_bn2binpad(ECDSA_SIG_get0_r(parsed), buffer.baseAddress, 32)
                + BN_bn2binpad(ECDSA_SIG_get0_s(parsed), buffer.baseAddress.map { unsafe $0 + 32 }, 32)
        }
        guard written == 64 else { throw CryptoError("BN_bn2binpad") }
        return bytes
    }
}
