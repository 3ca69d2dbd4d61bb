// SPDX-License-Identifier: Apache-2.0

import Shared

extension Buffer {
    /// The bytes held, as the codec sees them, for as long as `body` runs.
    func view<Result>(_ body: (ByteView) -> Result) -> Result {
        unsafe withBytes { bytes in body(unsafe ByteView(bytes)) }
    }

    /// Adds what `body` writes into the room behind. Nothing is added when it says false or did not fit.
    func write(_ body: (inout ByteWriter) -> Bool) -> Bool {
        var written = false
        unsafe fill { room in
            var writer = unsafe ByteWriter(room)
            written = body(&writer) && !writer.overflowed
            return written ? writer.position : 0
        }
        return written
    }
}

extension ByteView {
    /// The bytes of an array, as the codec sees them, for as long as `body` runs.
    static func of<Result>(_ bytes: [UInt8], _ body: (ByteView) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { bytes in body(unsafe ByteView(bytes)) }
    }

    /// As text in a row of the scoreboard, cut.
    @inline(__always) func fixedText<let words: Int>() -> FixedText<words> {
        unsafe withPointer { unsafe FixedText(UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    /// The bytes as a span, for as long as `body` runs.
    func span<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        let count = self.count
        return unsafe withPointer { pointer in
            body(unsafe Span(_unsafeStart: pointer.assumingMemoryBound(to: UInt8.self), count: count))
        }
    }
}
