// SPDX-License-Identifier: Apache-2.0

/// A run of bytes in a buffer: its offset from the buffer's start and its length, in bytes.
///
/// Ranges say where something is and hold on to nothing, so a parsed head is plain data. They mean something only together
/// with the buffer they were found in, and only until its bytes move.
struct ByteRange: Equatable, Sendable {
    let start: UInt32
    let count: UInt32

    /// The range of no bytes.
    static let empty = ByteRange(start: 0, count: 0)

    @inline(__always)
    init(start: UInt32, count: UInt32) {
        self.start = start
        self.count = count
    }

    /// From offsets that are known to lie in one buffer of less than 4 GiB; `end` is not part of the range.
    @inline(__always)
    init(from start: Int, to end: Int) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.count = UInt32(truncatingIfNeeded: max(0, end &- start))
    }

    @inline(__always) var lowerBound: Int { Int(start) }
    @inline(__always) var upperBound: Int { Int(start) &+ Int(count) }
    @inline(__always) var isEmpty: Bool { count == 0 }
}
