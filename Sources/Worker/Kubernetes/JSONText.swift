// SPDX-License-Identifier: Apache-2.0

/// Writes text into a JSON string (RFC 8259 section 7).
enum JSONText {
    /// Writes `text` escaped, without the quotes. Bytes that are no UTF-8 become U+FFFD, as Go's encoder does it, so that the
    /// document is always valid.
    static func write(_ text: ByteView, into writer: inout ByteWriter) {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x80 {
                writeASCII(byte, into: &writer)
                index &+= 1
            } else if let length = sequence(text, at: index) {
                writer.append(text[ByteRange(from: index, to: index &+ length)])
                index &+= length
            } else {
                writer.append("\\ufffd")
                index &+= 1
            }
        }
    }

    private static func writeASCII(_ byte: UInt8, into writer: inout ByteWriter) {
        switch byte {
        case UInt8(ascii: "\""): writer.append("\\\"")
        case UInt8(ascii: "\\"): writer.append("\\\\")
        case 0x0A: writer.append("\\n")
        case 0x0D: writer.append("\\r")
        case 0x09: writer.append("\\t")
        // The last three so that no browser takes the document for HTML.
        case 0..<0x20, 0x7F, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
            writer.append("\\u")
            writer.append(hex: UInt64(byte), digits: 4)
        default: writer.append(byte)
        }
    }

    /// The length of the well-formed UTF-8 sequence of more than one byte at `index` (Unicode table 3-7); nil if it is none.
    private static func sequence(_ text: ByteView, at index: Int) -> Int? {
        let first = text[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { second = 0xA0...0xBF }
            if first == 0xED { second = 0x80...0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { second = 0x90...0xBF }
            if first == 0xF4 { second = 0x80...0x8F }
        default: return nil
        }
        guard length <= text.count &- index, second.contains(text[index &+ 1]) else { return nil }
        for next in 2..<max(2, length) where text[index &+ next] & 0xC0 != 0x80 { return nil }
        return length
    }
}
