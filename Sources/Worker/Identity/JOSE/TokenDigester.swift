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

    /// Whether two tokens are the same, in a time that depends on their length alone.
    static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                var difference: UInt64 = 0
                var index = 0
                while index &+ 8 <= left.count {
                    difference |=
                        unsafe left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                        ^ right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    index &+= 8
                }
                while index < left.count {
                    difference |= unsafe UInt64(left[index] ^ right[index])
                    index &+= 1
                }
                return difference == 0
            }
        }
    }
}
