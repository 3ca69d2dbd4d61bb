// SPDX-License-Identifier: Apache-2.0

/// One header field: where its name and value are, and what it is to us.
struct Field {
    let name: ByteRange
    /// Without the blanks around it.
    let value: ByteRange
    /// The start of the next line.
    let lineEnd: UInt32
    let known: KnownField
    /// A `Connection` option names it, so it is not forwarded.
    var nominated = false
}

/// The fields of the head that was parsed last.
///
/// A worker has one table and uses it for every head: parsing, deciding and editing a head happen within one call, and
/// whoever has to wait in between parses again (half a microsecond) rather than keep a table for each exchange. The storage
/// is made once, so that parsing allocates nothing.
@safe
final class FieldTable {
    private let storage: UnsafeMutablePointer<Field>
    /// Beside the fields, and not a stored property, so that it is not checked for exclusive access in every step.
    private let counter: UnsafeMutablePointer<Int>
    let capacity: Int

    /// A table for heads of up to `capacity` fields (`HeadLimits.fields`).
    init(capacity: Int) {
        self.capacity = max(1, capacity)
        unsafe storage = UnsafeMutablePointer<Field>.allocate(capacity: self.capacity)
        unsafe counter = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        unsafe counter.initialize(to: 0)
    }

    deinit {
        unsafe storage.deallocate()
        unsafe counter.deallocate()
    }

    @inline(__always) var count: Int { unsafe counter.pointee }

    @inline(__always)
    subscript(_ index: Int) -> Field {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
        return unsafe storage[index]
    }

    /// The first field of a kind, or nil.
    func first(_ known: KnownField) -> Field? {
        for index in 0..<count where self[index].known == known { return self[index] }
        return nil
    }

    /// Forgets all fields.
    @inline(__always)
    func removeAll() {
        unsafe counter.pointee = 0
    }

    /// Adds a field; false if the table is full.
    @inline(__always)
    func append(_ field: Field) -> Bool {
        let index = count
        guard index < capacity else { return false }
        unsafe (storage + index).initialize(to: field)
        unsafe counter.pointee = index &+ 1
        return true
    }

    /// Marks each field called `name` as named by a `Connection` option.
    func nominate(_ name: ByteRange, in bytes: ByteView) {
        for index in 0..<count where self[index].known == .other && bytes.equal(self[index].name, name) {
            unsafe storage[index].nominated = true
        }
    }
}
