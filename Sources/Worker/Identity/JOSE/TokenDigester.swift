// SPDX-License-Identifier: Apache-2.0

internal import CJose

/// Computes SHA-256 without allocating: algorithm and context are fetched once, which OpenSSL 3's one-shot `SHA256` would
/// do at each call.
@safe final class TokenDigester {
    private let algorithm: OpaquePointer
    private let context: OpaquePointer

    init() {
        guard let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil), let context = unsafe EVP_MD_CTX_new() else {
            fatalError("OpenSSL without SHA-256 or without memory")
        }
        unsafe self.algorithm = algorithm
        unsafe self.context = context
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
        unsafe EVP_MD_free(algorithm)
    }

    func digest(_ bytes: Span<UInt8>) -> TokenDigest {
        var digest = TokenDigest()
        let done = unsafe withUnsafeMutableBytes(of: &digest.words) { output in
            unsafe bytes.withUnsafeBytes { input in
                unsafe EVP_DigestInit_ex2(context, algorithm, nil) == 1
                    && EVP_DigestUpdate(context, input.baseAddress, input.count) == 1
                    && EVP_DigestFinal_ex(context, output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil) == 1
            }
        }
        precondition(done, "SHA-256 cannot fail on bytes in memory")
        return digest
    }
}
