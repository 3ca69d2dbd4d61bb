// SPDX-License-Identifier: Apache-2.0

/// The memory of all buffers of a process: bounded, in three sizes, reused. A connection that has nothing to say holds
/// none of it.
package final class BufferPool {
    /// Sizes of the chunks given out: a typical head; one TLS record with room for framing; the largest head.
    package enum Size: Int, CaseIterable, Sendable {
        case small = 4_096
        case medium = 17_408
        case large = 69_632

        static func fitting(_ bytes: Int) -> Size? {
            allCases.first { $0.rawValue >= bytes }
        }
    }

    /// Bytes given out at most.
    package let limit: Int
    /// Free chunks of each size, linked through their own first word: nothing is allocated to keep them.
    private var free: InlineArray<3, FreeList> = InlineArray(repeating: FreeList())
    private var given = 0
    private var refused: UInt64 = 0
    /// Free chunks kept for reuse, in bytes at most for each size; more go back to the system.
    private static let kept = 1_048_576

    @safe struct Chunk {
        let base: UnsafeMutableRawPointer
        let size: Size
    }

    @safe private struct FreeList {
        var first: UnsafeMutableRawPointer?
        var count = 0
    }

    package init(limit: Int) {
        self.limit = limit
    }

    deinit {
        for size in Size.allCases {
            while let base = unsafe popFree(size) { unsafe base.deallocate() }
        }
    }

    /// Bytes given out now.
    package var leased: Int { given }
    /// Refusals because of the limit, since the start.
    package var refusals: UInt64 { refused }

    func take(_ size: Size) -> Chunk? {
        guard given + size.rawValue <= limit else {
            refused += 1
            return nil
        }
        given += size.rawValue
        if let base = unsafe popFree(size) { return unsafe Chunk(base: base, size: size) }
        return unsafe Chunk(base: .allocate(byteCount: size.rawValue, alignment: 64), size: size)
    }

    func give(_ chunk: Chunk) {
        given -= chunk.size.rawValue
        let index = Self.index(chunk.size)
        let list = free[index]
        guard list.count * chunk.size.rawValue < Self.kept else { return unsafe chunk.base.deallocate() }
        unsafe chunk.base.storeBytes(of: list.first, as: UnsafeMutableRawPointer?.self)
        free[index] = unsafe FreeList(first: chunk.base, count: list.count + 1)
    }

    private func popFree(_ size: Size) -> UnsafeMutableRawPointer? {
        let index = Self.index(size)
        let list = free[index]
        guard let base = unsafe list.first else { return nil }
        let next = unsafe base.load(as: UnsafeMutableRawPointer?.self)
        free[index] = unsafe FreeList(first: next, count: list.count - 1)
        return unsafe base
    }

    private static func index(_ size: Size) -> Int {
        switch size {
        case .small: 0
        case .medium: 1
        case .large: 2
        }
    }
}
