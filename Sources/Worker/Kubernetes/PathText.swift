// SPDX-License-Identifier: Apache-2.0

/// Reads percent-encoded text byte by byte (RFC 3986 section 2.1), comparing or writing it without a copy in between.
struct PathText {
    private let bytes: ByteView
    private var position: Int
    private let end: Int
    private let plusIsBlank: Bool

    /// With `plusIsBlank` as in a query (`url.QueryUnescape` in Go), else as in a path.
    init(_ range: ByteRange, in bytes: ByteView, plusIsBlank: Bool = false) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
        self.plusIsBlank = plusIsBlank
    }

    /// The offset of the next byte, in its encoded form.
    var offset: Int { position }

    /// The next decoded byte, or nil at the end. An encoding that is none (the target parser refuses them) stands for itself.
    @inline(__always)
    mutating func next() -> UInt8? {
        guard position < end else { return nil }
        let byte = bytes[position]
        position &+= 1
        if byte == UInt8(ascii: "%"), position &+ 1 < end, let high = bytes[position].hexValue,
            let low = bytes[position &+ 1].hexValue
        {
            position &+= 2
            return high << 4 | low
        }
        return plusIsBlank && byte == UInt8(ascii: "+") ? 0x20 : byte
    }

    /// Whether the text at `range`, decoded, is `text`.
    static func equals(_ range: ByteRange, _ text: StaticString, in bytes: ByteView) -> Bool {
        compare(range, ByteView(text), in: bytes, whole: true)
    }

    /// Whether the text at `range`, decoded, begins with `text`.
    static func hasPrefix(_ range: ByteRange, _ text: StaticString, in bytes: ByteView) -> Bool {
        compare(range, ByteView(text), in: bytes, whole: false)
    }

    private static func compare(_ range: ByteRange, _ text: ByteView, in bytes: ByteView, whole: Bool) -> Bool {
        guard Int(range.count) >= text.count else { return false }
        var reader = PathText(range, in: bytes)
        for index in 0..<text.count where reader.next() != text[index] { return false }
        return !whole || reader.next() == nil
    }

    /// Writes the text at `range` decoded.
    static func write(_ range: ByteRange, of bytes: ByteView, into writer: inout ByteWriter) {
        var reader = PathText(range, in: bytes)
        while let byte = reader.next() { writer.append(byte) }
    }

    /// Writes a value out of a field selector in a query: decoded, then without the selector's own escapes.
    static func write(selector range: ByteRange, of bytes: ByteView, into writer: inout ByteWriter) {
        var reader = PathText(range, in: bytes, plusIsBlank: true)
        while let byte = reader.next() {
            if byte == UInt8(ascii: "\\") {
                if let escaped = reader.next() { writer.append(escaped) }
            } else {
                writer.append(byte)
            }
        }
    }
}
