// SPDX-License-Identifier: Apache-2.0

/// Walks over the elements of a comma-separated list (RFC 9110 section 5.6.1), without the blanks around them and without
/// empty ones.
struct ListElements {
    private let bytes: ByteView
    private var position: Int
    private let end: Int

    init(_ value: ByteRange, in bytes: ByteView) {
        self.bytes = bytes
        self.position = value.lowerBound
        self.end = value.upperBound
    }

    mutating func next() -> ByteRange? {
        while position < end {
            var comma = position
            while comma < end, bytes[comma] != UInt8(ascii: ",") { comma &+= 1 }
            let element = FieldLine.trim(bytes, from: position, to: comma)
            position = comma &+ 1
            if !element.isEmpty { return element }
        }
        return nil
    }
}
