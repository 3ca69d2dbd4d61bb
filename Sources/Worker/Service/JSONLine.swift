// SPDX-License-Identifier: Apache-2.0

/// Lines of JSON as they are put together, byte by byte: a general encoder would cost more than the request.
struct JSONLine {
    private(set) var bytes: [UInt8] = []
    /// What one text takes at most, escaped; the rest of it is cut off.
    private static let longestText = 384

    mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func put(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Adds `"name":"value",`.
    mutating func member(_ name: StaticString, _ value: String, atMost longest: Int = longestText) {
        put("\"\(name)\":\"")
        putEscaped(value, atMost: longest)
        put("\",")
    }

    private mutating func putEscaped(_ text: String, atMost longest: Int) {
        let end = bytes.count + longest
        for scalar in text.unicodeScalars {
            // The longest that one scalar takes.
            guard bytes.count + 6 <= end else { return }
            switch scalar.value {
            case 0x22, 0x5c:
                bytes.append(0x5c)
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0..<0x20, 0x7f:
                put("\\u00")
                bytes.append(Self.digit(scalar.value >> 4))
                bytes.append(Self.digit(scalar.value & 15))
            case 0..<0x80: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    private static func digit(_ value: UInt32) -> UInt8 {
        UInt8(truncatingIfNeeded: value < 10 ? 0x30 + value : 0x57 + value)
    }
}
