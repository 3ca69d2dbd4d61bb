// SPDX-License-Identifier: Apache-2.0

/// Text of at most `capacity` bytes (a multiple of 8) inside a row of 64-bit words; longer text is cut.
package struct FixedText<let capacity: Int>: Sendable {
    private var bytes: InlineArray<capacity, UInt8>

    package init() {
        bytes = InlineArray(repeating: 0)
    }

    package init(_ text: String) {
        self.init()
        for (index, byte) in text.utf8.prefix(capacity).enumerated() { bytes[index] = byte }
    }

    package init(_ source: UnsafeRawBufferPointer) {
        self.init()
        for index in 0..<min(capacity, source.count) { bytes[index] = unsafe source[index] }
    }

    init(_ load: (Int) -> UInt64) {
        self.init()
        for word in 0..<capacity / 8 {
            let value = load(word)
            for index in 0..<8 { bytes[word * 8 + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        }
    }

    func store(_ put: (Int, UInt64) -> Void) {
        for word in 0..<capacity / 8 {
            var value: UInt64 = 0
            for index in 0..<8 { value |= UInt64(bytes[word * 8 + index]) << UInt64(8 * index) }
            put(word, value)
        }
    }

    /// The text; bytes that are not UTF-8 come out as U+FFFD.
    package var text: String {
        var collected: [UInt8] = []
        for index in 0..<capacity where bytes[index] != 0 { collected.append(bytes[index]) }
        return String(decoding: collected, as: UTF8.self)
    }
}

extension FixedText: Equatable {
    package static func == (left: FixedText, right: FixedText) -> Bool {
        for index in 0..<capacity where left.bytes[index] != right.bytes[index] { return false }
        return true
    }
}
