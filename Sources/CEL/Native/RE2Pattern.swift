// SPDX-License-Identifier: Apache-2.0

internal import CRE2

/// A compiled regular expression. RE2's syntax is Go's, and matching takes time linear in the text, so no pattern and no
/// text can make it run away.
///
/// Sendable without a lock: a compiled RE2 may be used by several threads at once (re2.h).
@safe final class RE2Pattern: @unchecked Sendable {
    /// Bounds of one pattern's compiled program and caches, in bytes: of one out of the expression, and of one that was
    /// computed and so may come from the input.
    private static let memory = 1 << 20
    private static let computedMemory = 1 << 18

    let source: String
    private let handle: OpaquePointer

    /// Nil if the text is not a regular expression or is too big.
    init?(_ source: String, isComputed: Bool = false) {
        let memory = isComputed ? Self.computedMemory : Self.memory
        var text = source
        let compiled = text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe cre2_compile(characters.baseAddress, characters.count, memory)
            }
        }
        guard let compiled = unsafe compiled else { return nil }
        self.source = source
        unsafe self.handle = compiled
    }

    deinit {
        unsafe cre2_free(handle)
    }

    /// The first match at or after byte `start` of the text's UTF-8, as a range of bytes.
    func firstMatch(in text: [UInt8], from start: Int = 0) -> Range<Int>? {
        var begin = 0
        var end = 0
        let found = unsafe text.withUnsafeBytes { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe cre2_find(handle, characters.baseAddress, characters.count, start, &begin, &end)
            }
        }
        guard found, begin <= end, end <= text.count else { return nil }
        return begin..<end
    }
}
