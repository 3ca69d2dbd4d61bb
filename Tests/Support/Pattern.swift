// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Bytes that say where they belong: a body made of them shows every loss, repetition and exchange.
package enum Pattern {
    private static let period = 65_521
    private static let block: [UInt8] = {
        var state: UInt64 = 0x2545_f491_4f6c_dd1d
        var bytes = [UInt8]()
        bytes.reserveCapacity(period + 65_536)
        for _ in 0..<period {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            bytes.append(UInt8(truncatingIfNeeded: state >> 32))
        }
        return bytes + bytes + bytes.prefix(65_536)
    }()

    /// At most 64 KiB from this place of the endless pattern.
    package static func bytes(at offset: Int, count: Int) -> ArraySlice<UInt8> {
        precondition(count <= 65_536)
        let start = offset % period
        return block[start..<start + count]
    }

    /// Compares a body with the pattern as it comes in.
    package final class Checker: @unchecked Sendable {
        package private(set) var count = 0
        /// Where the first byte stands that is not as it should be.
        package private(set) var firstDifference: Int?

        package init() {}

        package func take(_ piece: ArraySlice<UInt8>) {
            let expected = Pattern.bytes(at: count, count: piece.count)
            let same = unsafe piece.withUnsafeBytes { left in
                unsafe expected.withUnsafeBytes { right in
                    unsafe memcmp(left.baseAddress ?? right.baseAddress!, right.baseAddress!, piece.count) == 0
                }
            }
            if !same && firstDifference == nil {
                firstDifference = count + (zip(piece, expected).enumerated().first { $1.0 != $1.1 }?.offset ?? 0)
            }
            count += piece.count
        }

        /// So many bytes came, all as they should be.
        package func matches(_ total: Int) -> Bool {
            count == total && firstDifference == nil
        }
    }
}
