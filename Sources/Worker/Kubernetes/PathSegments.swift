// SPDX-License-Identifier: Apache-2.0

/// The segments of a path as kube-apiserver's `splitPath` makes them: slashes at both ends do not count, empty segments in
/// the middle do, and the path is split after decoding, so that `%2F` is a slash as well.
struct PathSegments {
    private let bytes: ByteView
    private var position: Int
    private let end: Int
    private var atEnd: Bool

    init(_ path: ByteRange, in bytes: ByteView) {
        self.bytes = bytes
        var start = path.lowerBound
        var end = path.upperBound
        while start < end, let length = Self.slash(bytes, at: start, to: end) { start &+= length }
        while end > start {
            if bytes[end &- 1] == UInt8(ascii: "/") {
                end &-= 1
            } else if end &- start >= 3, Self.slash(bytes, at: end &- 3, to: end) == 3 {
                end &-= 3
            } else {
                break
            }
        }
        position = start
        self.end = end
        atEnd = start == end
    }

    /// What has not been taken yet.
    var rest: ByteRange { ByteRange(from: position, to: end) }

    mutating func next() -> ByteRange? {
        guard !atEnd else { return nil }
        let start = position
        while position < end {
            if let length = Self.slash(bytes, at: position, to: end) {
                let segment = ByteRange(from: start, to: position)
                position &+= length
                return segment
            }
            position &+= 1
        }
        atEnd = true
        return ByteRange(from: start, to: end)
    }

    /// How many segments are left, counted no further than `limit`.
    func count(upTo limit: Int) -> Int {
        var segments = self
        var count = 0
        while count < limit, segments.next() != nil { count &+= 1 }
        return count
    }

    /// The length of the slash at `index`, plain or encoded; nil if there is none.
    @inline(__always)
    private static func slash(_ bytes: ByteView, at index: Int, to end: Int) -> Int? {
        if bytes[index] == UInt8(ascii: "/") { return 1 }
        guard bytes[index] == UInt8(ascii: "%"), index &+ 2 < end, bytes[index &+ 1] == UInt8(ascii: "2"),
            bytes[index &+ 2].lowercased == UInt8(ascii: "f")
        else { return nil }
        return 3
    }
}
