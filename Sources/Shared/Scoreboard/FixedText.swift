// SPDX-License-Identifier: Apache-2.0

/// Text of at most `words` times 8 bytes, as a row's words hold it; longer text is cut. The first byte is the lowest of
/// the first word.
package struct FixedText<let words: Int>: Sendable {
    @usableFromInline var content: InlineArray<words, UInt64>

    @inlinable @inline(__always) package init() {
        content = InlineArray(repeating: 0)
    }

    @inlinable @inline(__always) package init(_ text: String) {
        self.init()
        for (index, byte) in text.utf8.prefix(words * 8).enumerated() { add(byte, at: index) }
    }

    @inlinable @inline(__always) package init(_ source: UnsafeRawBufferPointer) {
        self.init()
        let count = min(words * 8, source.count)
        let whole = count / 8
        for word in 0..<whole {
            content[word] = unsafe UInt64(littleEndian: source.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self))
        }
        for index in whole * 8..<count { unsafe add(source[index], at: index) }
    }

    init(_ load: (Int) -> UInt64) {
        self.init()
        for word in 0..<words { content[word] = load(word) }
    }

    @inlinable @inline(__always) mutating func add(_ byte: UInt8, at index: Int) {
        content[index / 8] |= UInt64(byte) << UInt64(8 * (index % 8))
    }

    func store(_ put: (Int, UInt64) -> Void) {
        for word in 0..<words { put(word, content[word]) }
    }

    /// The text; bytes that are not UTF-8 come out as U+FFFD.
    package var text: String {
        unsafe String(unsafeUninitializedCapacity: words * 8) { room in
            var count = 0
            for word in 0..<words {
                var rest = content[word]
                while rest != 0 {
                    if case let byte = UInt8(truncatingIfNeeded: rest), byte != 0 {
                        unsafe room[count] = byte
                        count += 1
                    }
                    rest >>= 8
                }
            }
            return count
        }
    }
}

extension FixedText: Equatable {
    package static func == (left: FixedText, right: FixedText) -> Bool {
        for word in 0..<words where left.content[word] != right.content[word] { return false }
        return true
    }
}
