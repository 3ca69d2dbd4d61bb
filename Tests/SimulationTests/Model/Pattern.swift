// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Bodies whose every byte is known from their number.
enum Pattern {
    private static let smuggled = Array("GET /smuggled HTTP/1.1\r\nHost: a\r\nX-Sim: 999999\r\n\r\n0\r\n\r\n".utf8)
    private static let base: [UInt8] = (0..<4_099).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 &+ $0 &* 7) }

    /// Some bodies look like what a confused parser would take for a message.
    static func bytes(_ number: Int, count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        let source = number % 3 == 0 ? smuggled : base
        var offset = number % 3 == 0 ? 0 : (number &* 97) % base.count
        while bytes.count < count {
            let run = min(source.count - offset, count - bytes.count)
            bytes.append(contentsOf: source[offset..<offset + run])
            offset = 0
        }
        return bytes
    }

    /// Whether `part` is what lies at `offset` of `whole`.
    static func matches(_ part: [UInt8], _ whole: [UInt8], at offset: Int) -> Bool {
        guard offset + part.count <= whole.count else { return false }
        return unsafe part.withUnsafeBytes { left in
            unsafe whole.withUnsafeBytes { right in
                guard let left = left.baseAddress, let right = right.baseAddress else { return true }
                return unsafe memcmp(left, right + offset, part.count) == 0
            }
        }
    }
}
