// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Appends bytes to a buffer that someone else owns (a pooled one).
///
/// When something does not fit, nothing of it is written, `overflowed` becomes true and stays so, and every later append is
/// ignored: callers write a whole head and ask once at the end. Making one is the unsafe step: whoever does it promises
/// that the memory is theirs alone for as long as the writer is used.
@safe
struct ByteWriter {
    private let base: UnsafeMutableRawPointer?
    let capacity: Int
    /// Bytes written so far.
    private(set) var position = 0
    private(set) var overflowed = false

    /// A writer at the start of `buffer`.
    @unsafe
    @inline(__always)
    init(_ buffer: UnsafeMutableRawBufferPointer) {
        unsafe self.base = buffer.baseAddress
        self.capacity = unsafe buffer.baseAddress == nil ? 0 : buffer.count
    }

    /// How many bytes `body` writes.
    static func measure(_ body: (inout ByteWriter) -> Void) -> Int {
        var writer = ByteWriter()
        body(&writer)
        return writer.position
    }

    /// What `body` writes, as far as it fits into `capacity` bytes. Not for the hot path.
    static func collect(_ capacity: Int, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
            var writer = unsafe ByteWriter(UnsafeMutableRawBufferPointer(room))
            body(&writer)
            count = writer.position
        }
    }

    /// A writer that only counts.
    private init() {
        unsafe base = nil
        capacity = Int.max
    }

    /// Room left, in bytes.
    @inline(__always) var remaining: Int { capacity &- position }

    /// The place for the next `count` bytes, or nil if they do not fit.
    @inline(__always)
    private mutating func claim(_ count: Int) -> UnsafeMutableRawPointer? {
        guard !overflowed, count >= 0, count <= capacity &- position else {
            overflowed = true
            return nil
        }
        let offset = position
        position &+= count
        guard let base = unsafe base else { return nil }
        return unsafe base + offset
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        guard let place = unsafe claim(1) else { return }
        unsafe place.storeBytes(of: byte, as: UInt8.self)
    }

    @inline(__always)
    mutating func append(_ bytes: ByteView) {
        guard !bytes.isEmpty, let place = unsafe claim(bytes.count) else { return }
        unsafe bytes.copy(to: place)
    }

    /// A literal. There is no such function for a `String`: a literal would rather be one, and be taken apart at run time.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(ByteView(text))
    }

    /// Appends the eight bytes of a word, the highest first.
    @inline(__always)
    mutating func append(word: UInt64) {
        guard let place = unsafe claim(8) else { return }
        unsafe place.storeBytes(of: word.bigEndian, as: UInt64.self)
    }

    /// Appends the four bytes of a half word, the highest first.
    @inline(__always)
    mutating func append(halfWord: UInt32) {
        guard let place = unsafe claim(4) else { return }
        unsafe place.storeBytes(of: halfWord.bigEndian, as: UInt32.self)
    }

    /// Appends `value` in decimal, without leading zeros.
    mutating func append(decimal value: UInt64) {
        var digits = 1
        var rest = value / 10
        while rest > 0 {
            digits &+= 1
            rest /= 10
        }
        guard let place = unsafe claim(digits) else { return }
        rest = value
        for index in stride(from: digits &- 1, through: 0, by: -1) {
            unsafe place.storeBytes(
                of: 0x30 &+ UInt8(truncatingIfNeeded: rest % 10), toByteOffset: index, as: UInt8.self)
            rest /= 10
        }
    }

    /// Appends the low `digits` hexadecimal digits of `value`, with leading zeros.
    mutating func append(hex value: UInt64, digits: Int) {
        guard digits > 0, digits <= 16, let place = unsafe claim(digits) else { return }
        for index in 0..<digits {
            let nibble = UInt8(truncatingIfNeeded: (value >> UInt64(4 &* (digits &- 1 &- index))) & 0xF)
            let digit = nibble < 10 ? 0x30 &+ nibble : 0x57 &+ nibble
            unsafe place.storeBytes(of: digit, toByteOffset: index, as: UInt8.self)
        }
    }

    /// Leaves `count` bytes to be written later by `rewrite(at:_:)`; nil if they do not fit.
    mutating func reserve(_ count: Int) -> Int? {
        let offset = position
        if let gap = unsafe claim(count) { unsafe memset(gap, 0, count) }
        return overflowed ? nil : offset
    }

    /// Forgets what was written from `offset` on.
    mutating func truncate(to offset: Int) {
        precondition(UInt(bitPattern: offset) <= UInt(bitPattern: position))
        position = offset
    }

    /// Writes again from `offset`, which must not lie beyond what was written; the end stays where it was unless the new
    /// bytes pass it.
    mutating func rewrite(at offset: Int, _ body: (inout ByteWriter) -> Void) {
        precondition(UInt(bitPattern: offset) <= UInt(bitPattern: position))
        let end = position
        position = offset
        body(&self)
        position = max(position, end)
    }
}
