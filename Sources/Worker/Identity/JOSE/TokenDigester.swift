// SPDX-License-Identifier: Apache-2.0

internal import CJose

/// Computes SHA-256 without allocating: it is done for each request.
enum TokenDigester {
    static func digest(_ bytes: Span<UInt8>) -> TokenDigest {
        var digest = TokenDigest()
        let done = unsafe withUnsafeMutableBytes(of: &digest.words) { output in
            unsafe bytes.withUnsafeBytes { input in
                unsafe lg_sha256(
                    input.baseAddress, input.count, output.baseAddress?.assumingMemoryBound(to: UInt8.self)) == 1
            }
        }
        precondition(done, "SHA-256 cannot fail on bytes in memory")
        return digest
    }
}
