// SPDX-License-Identifier: Apache-2.0

import CNghttp2

/// The fields of one head or trailer section in nghttp2's form, as pointers to where they already are. A worker has one
/// and uses it for every head; nghttp2 copies what it is given.
///
/// What is appended must stay in place until the list was submitted: fill and submit it within one use of the buffer.
@safe final class HTTP2FieldList {
    private let entries: UnsafeMutablePointer<nghttp2_nv>
    private let digits: UnsafeMutablePointer<UInt8>
    private var digitsUsed = 0
    private let capacity: Int
    private(set) var count = 0
    /// More was appended than there is room for.
    private(set) var overflowed = false

    private static let digitRoom = 64

    init(capacity: Int) {
        self.capacity = capacity
        unsafe entries = .allocate(capacity: capacity)
        unsafe digits = .allocate(capacity: Self.digitRoom)
    }

    deinit {
        unsafe entries.deallocate()
        unsafe digits.deallocate()
    }

    /// Begins a new list; `status`: of a response.
    func begin(status: UInt16? = nil) {
        count = 0
        digitsUsed = 0
        overflowed = false
        if let status { append(":status", decimal: UInt64(status)) }
    }

    /// nghttp2 writes names in lower case by itself.
    func append(_ name: ByteView, _ value: ByteView) {
        unsafe name.withPointer { name0 in
            unsafe value.withPointer { value0 in
                unsafe append(name0, name.count, value0, value.count)
            }
        }
    }

    func append(_ name: StaticString, decimal: UInt64) {
        var rest = decimal
        var length = 1
        while rest >= 10 {
            rest /= 10
            length += 1
        }
        guard digitsUsed + length <= Self.digitRoom else {
            overflowed = true
            return
        }
        let start = unsafe digits + digitsUsed
        digitsUsed += length
        rest = decimal
        for index in stride(from: length - 1, through: 0, by: -1) {
            unsafe start[index] = 0x30 + UInt8(rest % 10)
            rest /= 10
        }
        unsafe ByteView(name).withPointer { unsafe append($0, name.utf8CodeUnitCount, start, length) }
    }

    private func append(
        _ name: UnsafeRawPointer, _ nameLength: Int, _ value: UnsafeRawPointer, _ valueLength: Int
    ) {
        guard count < capacity else {
            overflowed = true
            return
        }
        let entry = unsafe nghttp2_nv(
            name: UnsafeMutableRawPointer(mutating: name).assumingMemoryBound(to: UInt8.self),
            value: UnsafeMutableRawPointer(mutating: value).assumingMemoryBound(to: UInt8.self),
            namelen: nameLength, valuelen: valueLength, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
        unsafe (entries + count).initialize(to: entry)
        count += 1
    }

    /// The entries, for the session's use at once.
    func withEntries<Result>(_ body: (UnsafePointer<nghttp2_nv>, Int) -> Result) -> Result {
        unsafe body(UnsafePointer(entries), count)
    }
}
