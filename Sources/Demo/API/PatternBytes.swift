// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The bytes that `/bytes` and `/slow` send: the byte at offset i is `(i ^ i >> 8 ^ i >> 16) & 0xff`, so that a receiver can check
/// any part without having the rest.
struct PatternBytes {
    /// All 256 rows of 256 bytes that there are: in row m, column j holds j ^ m.
    private static let rows: [[UInt8]] = (0...255).map { mask in (0...255).map { UInt8($0 ^ mask) } }

    private var offset = 0

    /// The next `count` bytes.
    mutating func next(_ count: Int) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        var left = count
        while left > 0 {
            let row = Self.rows[((offset >> 8) ^ (offset >> 16)) & 0xff]
            let column = offset & 0xff
            let length = min(left, 256 - column)
            buffer.writeBytes(row[column..<column + length])
            offset += length
            left -= length
        }
        return buffer
    }
}
