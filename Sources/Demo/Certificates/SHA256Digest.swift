// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// A running SHA-256.
@safe final class SHA256Digest {
    private let context: OpaquePointer
    private(set) var byteCount = 0

    init() {
        guard let made = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(made, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto has no SHA-256")
        }
        unsafe self.context = made
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    func update(_ bytes: some Sequence<UInt8>) {
        let counted = bytes.withContiguousStorageIfAvailable { unsafe add($0) }
        byteCount += unsafe counted ?? Array(bytes).withUnsafeBufferPointer { unsafe add($0) }
    }

    /// The digest of everything so far, in lower-case hexadecimal. Ends the digest.
    func finish() -> String {
        bytes().map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }

    /// The digest of everything so far, 32 bytes. Ends the digest.
    func bytes() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe digest.withUnsafeMutableBufferPointer { buffer in
            _ = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
        }
        return digest
    }

    private func add(_ buffer: UnsafeBufferPointer<UInt8>) -> Int {
        unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        return buffer.count
    }
}
