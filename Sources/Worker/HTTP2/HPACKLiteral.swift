// SPDX-License-Identifier: Apache-2.0

import Shared

/// A field's value in a header block that stands there in full, Huffman-coded, and goes into no table (RFC 7541 sections
/// 6.2.2 and 6.2.3): how clients send a token, again with each request.
struct HPACKLiteral: Equatable {
    /// Where the value's length begins, which says that it is Huffman-coded, too.
    let lengthOffset: Int
    /// The coded bytes.
    let value: ByteRange

    /// The first one of at least so many coded bytes; nil: there is none, or the block is not well-formed, which is for
    /// whoever decodes it to say. Offsets are those in `bytes`.
    static func first(in bytes: ByteView, _ block: ByteRange, atLeast least: Int) -> HPACKLiteral? {
        let view = bytes.prefix(block.upperBound)
        var position = block.lowerBound
        while position < view.count {
            let first = view[position]
            // An indexed field, or a new size of the table.
            if first & 0x80 != 0 || first & 0xe0 == 0x20 {
                guard integer(in: view, at: &position, prefix: first & 0x80 != 0 ? 7 : 5) != nil else { return nil }
                continue
            }
            let isIndexed = first & 0x40 != 0
            guard let name = integer(in: view, at: &position, prefix: isIndexed ? 6 : 4),
                name > 0 || string(in: view, at: &position) != nil
            else { return nil }
            let lengthOffset = position
            guard let value = string(in: view, at: &position) else { return nil }
            if !isIndexed, view[lengthOffset] & 0x80 != 0, value.count >= least {
                return HPACKLiteral(lengthOffset: lengthOffset, value: value)
            }
        }
        return nil
    }

    /// The length of a string that is not Huffman-coded (section 5.2), of up to 16,510 bytes.
    static func plainLength(_ count: Int) -> [UInt8] {
        if count < 0x7f { return [UInt8(count)] }
        let rest = count - 0x7f
        if rest < 0x80 { return [0x7f, UInt8(rest)] }
        return [0x7f, UInt8(rest & 0x7f) | 0x80, UInt8(rest >> 7)]
    }

    private static func string(in view: ByteView, at position: inout Int) -> ByteRange? {
        guard let length = integer(in: view, at: &position, prefix: 7), length <= view.count - position else {
            return nil
        }
        defer { position += length }
        return ByteRange(from: position, to: position + length)
    }

    /// Section 5.1. What takes more than three further bytes is more than any block holds.
    private static func integer(in view: ByteView, at position: inout Int, prefix: Int) -> Int? {
        guard position < view.count else { return nil }
        let most = (1 << prefix) - 1
        var value = Int(view[position]) & most
        position += 1
        guard value == most else { return value }
        for shift in stride(from: 0, through: 14, by: 7) {
            guard position < view.count else { return nil }
            let byte = view[position]
            position += 1
            value += Int(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
