// SPDX-License-Identifier: Apache-2.0

/// A byte queue in one chunk of a `BufferPool`, leased while there is something to hold and given back otherwise.
/// Bytes lie between `start` and `end` of the chunk; what is read is consumed at the front, what is added goes behind.
///
/// A class, though each has one owner: its owners are classes whose properties others reach for while bytes move, and a
/// value there is guarded by a check at run time for each access. Here no access outlasts its statement, which the
/// compiler proves, so that none of these checks is left; they were a tenth of a request's instructions.
@safe package final class Buffer {
    private let pool: BufferPool
    private var chunk: BufferPool.Chunk?
    private var start = 0
    private var end = 0

    package init(pool: BufferPool) {
        self.pool = pool
    }

    deinit {
        if let chunk { pool.give(chunk) }
    }

    /// Another one, of the same pool.
    package func sibling() -> Buffer { Buffer(pool: pool) }

    /// Bytes held.
    package var count: Int { end - start }
    package var isEmpty: Bool { start == end }
    /// Bytes that can be added behind without moving anything.
    package var room: Int { (chunk?.size.rawValue ?? 0) - end }
    package var capacity: Int { chunk?.size.rawValue ?? 0 }
    package var isLeased: Bool { chunk != nil }
    /// Whether the last read filled it to the brim, so that there is probably more to read.
    package var isFull: Bool { chunk != nil && room == 0 }

    /// Makes sure that at least `bytes` can be added: leases, moves to the front, or grows. False: the pool is at its
    /// limit, or no chunk is that large; nothing is lost then.
    package func reserve(_ bytes: Int) -> Bool {
        if room >= bytes { return true }
        guard let old = chunk else {
            guard let size = BufferPool.Size.fitting(bytes), let fresh = pool.take(size) else { return false }
            chunk = fresh
            return true
        }
        if old.size.rawValue - count >= bytes {
            compact()
            return true
        }
        guard let size = BufferPool.Size.fitting(count + bytes), let fresh = pool.take(size) else { return false }
        unsafe fresh.base.copyMemory(from: old.base.advanced(by: start), byteCount: count)
        end = count
        start = 0
        chunk = fresh
        pool.give(old)
        return true
    }

    /// Moves what is held to the front of the chunk.
    package func compact() {
        guard start > 0, let chunk else { return }
        unsafe chunk.base.copyMemory(from: chunk.base.advanced(by: start), byteCount: count)
        end -= start
        start = 0
    }

    /// Drops `bytes` from the front.
    package func consume(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= count)
        start += bytes
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Forgets everything held and gives the memory back.
    package func discardAll() {
        start = 0
        end = 0
        giveBack()
    }

    /// Gives the memory back if nothing is held.
    package func giveBackIfEmpty() {
        if isEmpty { giveBack() }
    }

    private func giveBack() {
        guard let chunk else { return }
        pool.give(chunk)
        self.chunk = nil
        start = 0
        end = 0
    }

    /// Exchanges what both hold; nothing is copied. Both are of the same pool.
    package func swapContents(with other: Buffer) {
        precondition(pool === other.pool)
        let mine = (chunk, start, end)
        (chunk, start, end) = (other.chunk, other.start, other.end)
        (other.chunk, other.start, other.end) = mine
    }

    // The two that take a closure are inlined into other modules, so that the closure is too. What they ask of the buffer
    // is not: only here does the compiler see that no access overlaps another.

    /// The bytes held, for as long as `body` runs, which must not change what the buffer holds.
    @inlinable @inline(__always)
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(held)
    }

    /// The free room behind, for as long as `body` runs; `body` says how many bytes it filled (below zero counts as none),
    /// and must not touch the buffer otherwise.
    @inlinable @inline(__always)
    @discardableResult
    package func fill(_ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        let filled = unsafe body(free)
        if filled > 0 { filledUp(by: filled) }
        return filled
    }

    @usableFromInline @unsafe var held: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: chunk?.base.advanced(by: start), count: count)
    }

    @usableFromInline @unsafe var free: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: chunk?.base.advanced(by: end), count: room)
    }

    @usableFromInline func filledUp(by bytes: Int) {
        precondition(bytes <= room)
        end += bytes
    }

    /// Adds `bytes` of another buffer's front and drops them there. The room must be there.
    package func take(_ bytes: Int, from other: Buffer) {
        append(bytes, from: other, at: 0)
        other.consume(bytes)
    }

    /// Adds a copy of `bytes` of another buffer, from `offset` on. The room must be there.
    package func append(_ bytes: Int, from other: Buffer, at offset: Int) {
        precondition(bytes >= 0 && bytes <= room && offset >= 0 && offset + bytes <= other.count)
        guard bytes > 0, let chunk, let source = other.chunk else { return }
        unsafe chunk.base.advanced(by: end).copyMemory(
            from: source.base.advanced(by: other.start + offset), byteCount: bytes)
        end += bytes
    }

    /// Adds a copy of `bytes`. The room must be there.
    package func append(_ bytes: [UInt8]) {
        precondition(bytes.count <= room)
        guard let chunk else { return }
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(start: chunk.base.advanced(by: end), count: bytes.count)
                .copyMemory(from: source)
        }
        end += bytes.count
    }
}
