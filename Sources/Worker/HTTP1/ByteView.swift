// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A borrowed, read-only, bounds-checked window on bytes that someone else owns (a pooled buffer).
///
/// Every access is checked, also in release builds; the scans check once for all the bytes they look at. Making one is the
/// unsafe step: whoever does it promises that the bytes stay where they are for as long as the view is used. `Span` would
/// carry that promise in its type, but it cannot be kept in a struct without experimental features.
@safe
struct ByteView {
    private let base: UnsafeRawPointer
    let count: Int

    /// A view of `buffer`, which must outlive it and not change meanwhile.
    @unsafe
    @inline(__always)
    init(_ buffer: UnsafeRawBufferPointer) {
        if let base = buffer.baseAddress {
            unsafe self.base = base
            self.count = buffer.count
        } else {
            self = .empty
        }
    }

    /// A view of a literal, which lives as long as the process does.
    @inline(__always)
    init(_ literal: StaticString) {
        unsafe self.base = UnsafeRawPointer(literal.utf8Start)
        self.count = literal.utf8CodeUnitCount
    }

    /// The view of no bytes.
    static var empty: ByteView { ByteView("") }

    @inline(__always) var isEmpty: Bool { count == 0 }

    @inline(__always)
    subscript(_ index: Int) -> UInt8 {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
        return unsafe base.load(fromByteOffset: index, as: UInt8.self)
    }

    /// The bytes of `range`, which must lie within the view.
    @inline(__always)
    subscript(_ range: ByteRange) -> ByteView {
        precondition(range.upperBound <= count)
        return unsafe ByteView(
            UnsafeRawBufferPointer(start: base + range.lowerBound, count: Int(range.count)))
    }

    /// The first `length` bytes.
    @inline(__always)
    func prefix(_ length: Int) -> ByteView {
        precondition(UInt(bitPattern: length) <= UInt(bitPattern: count))
        return unsafe ByteView(UnsafeRawBufferPointer(start: base, count: length))
    }

    /// The place of the bytes, for what takes pointers.
    @unsafe
    func withPointer<Result>(_ body: (UnsafeRawPointer) -> Result) -> Result {
        unsafe body(base)
    }

    /// Everything from `offset` on.
    @inline(__always)
    func suffix(from offset: Int) -> ByteView {
        precondition(UInt(bitPattern: offset) <= UInt(bitPattern: count))
        return unsafe ByteView(UnsafeRawBufferPointer(start: base + offset, count: count &- offset))
    }

    /// The offset of the first `byte` at or after `offset`, or nil.
    @inline(__always)
    func firstIndex(of byte: UInt8, from offset: Int) -> Int? {
        precondition(UInt(bitPattern: offset) <= UInt(bitPattern: count))
        guard offset < count, let found = unsafe memchr(base + offset, CInt(byte), count &- offset) else { return nil }
        return unsafe UnsafeRawPointer(found) - base
    }

    /// The offset of the first control byte (0x00–0x1F, 0x7F) at or after `offset`; `count` if there is none.
    ///
    /// Eight bytes at a time: the bit tricks find bytes below 0x20 and bytes equal to 0x7F. Borrows can mark a byte wrongly
    /// only above a rightly marked one, so the lowest mark is exact.
    @inline(__always)
    func firstControlByte(from offset: Int) -> Int {
        precondition(UInt(bitPattern: offset) <= UInt(bitPattern: count))
        var index = offset
        while index &+ 32 <= count {
            let marks =
                controlMarks(at: index) | controlMarks(at: index &+ 8) | controlMarks(at: index &+ 16)
                | controlMarks(at: index &+ 24)
            if marks != 0 { break }
            index &+= 32
        }
        while index &+ 8 <= count {
            let marks = controlMarks(at: index)
            if marks != 0 { return index &+ (marks.trailingZeroBitCount &>> 3) }
            index &+= 8
        }
        while index < count {
            let byte = unsafe base.load(fromByteOffset: index, as: UInt8.self)
            if byte < 0x20 || byte == 0x7F { return index }
            index &+= 1
        }
        return count
    }

    /// The top bits of those of the eight bytes at `index`, which must be there, that are control bytes.
    @inline(__always)
    private func controlMarks(at index: Int) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let word = unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let deletes = word ^ (ones &* 0x7F)
        return (((word &- (ones &* 0x20)) & ~word) | ((deletes &- ones) & ~deletes)) & (ones &* 0x80)
    }

    /// Whether the view holds exactly `text`.
    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return unsafe memcmp(base, text.utf8Start, count) == 0
    }

    /// Whether the bytes of `range` are `lowercase`, ASCII letters compared without case.
    @inline(__always)
    func equals(_ range: ByteRange, ignoringCase lowercase: StaticString) -> Bool {
        Int(range.count) == lowercase.utf8CodeUnitCount && begins(range, with: lowercase, underscore: 0x5F)
    }

    /// Whether the bytes of `range` begin with `lowercase`, ASCII letters compared without case.
    @inline(__always)
    func hasPrefix(_ range: ByteRange, ignoringCase lowercase: StaticString) -> Bool {
        Int(range.count) >= lowercase.utf8CodeUnitCount && begins(range, with: lowercase, underscore: 0x5F)
    }

    /// Whether the bytes of `range` are the field name `lowercase`, ASCII letters compared without case and `_` taken for
    /// `-`: some servers make no difference between the two.
    @inline(__always)
    func equals(_ range: ByteRange, fieldName lowercase: StaticString) -> Bool {
        Int(range.count) == lowercase.utf8CodeUnitCount && begins(range, with: lowercase, underscore: 0x2D)
    }

    /// Whether the bytes of `range` begin with `lowercase`, compared as field names.
    @inline(__always)
    func hasPrefix(_ range: ByteRange, fieldName lowercase: StaticString) -> Bool {
        Int(range.count) >= lowercase.utf8CodeUnitCount && begins(range, with: lowercase, underscore: 0x2D)
    }

    /// Compares the first bytes of `range`, which is long enough, with `lowercase`; `_` counts as `underscore`.
    @inline(__always)
    private func begins(_ range: ByteRange, with lowercase: StaticString, underscore: UInt8) -> Bool {
        precondition(range.upperBound <= count)
        for index in 0..<lowercase.utf8CodeUnitCount {
            let byte = unsafe base.load(fromByteOffset: range.lowerBound &+ index, as: UInt8.self)
            let folded = byte == 0x5F ? underscore : byte.lowercased
            guard unsafe folded == lowercase.utf8Start[index] else { return false }
        }
        return true
    }

    /// Whether two ranges of this view hold the same bytes, ASCII letters compared without case.
    func equal(_ left: ByteRange, _ right: ByteRange) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<Int(left.count)
        where self[left.lowerBound &+ index].lowercased != self[right.lowerBound &+ index].lowercased {
            return false
        }
        return true
    }

    /// Copies all bytes to `target`, which must have room for `count`.
    @unsafe
    @inline(__always)
    func copy(to target: UnsafeMutableRawPointer) {
        unsafe target.copyMemory(from: base, byteCount: count)
    }

    /// Adds a copy of all bytes to an array.
    func append(to array: inout [UInt8]) {
        unsafe array.append(contentsOf: UnsafeRawBufferPointer(start: base, count: count))
    }
}
