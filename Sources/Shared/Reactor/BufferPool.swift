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
    /// Bytes given out now.
    package private(set) var leased = 0
    /// Refusals because of the limit, since the start.
    package private(set) var refusals: UInt64 = 0
    private var free: [[Chunk]] = Size.allCases.map { _ in [] }
    /// Free chunks kept for reuse, in bytes at most for each size; more go back to the system.
    private let kept = 1_048_576

    @safe struct Chunk {
        let base: UnsafeMutableRawPointer
        let size: Size
    }

    package init(limit: Int) {
        self.limit = limit
    }

    deinit {
        for chunks in free { for chunk in chunks { unsafe chunk.base.deallocate() } }
    }

    func take(_ size: Size) -> Chunk? {
        guard leased + size.rawValue <= limit else {
            refusals += 1
            return nil
        }
        leased += size.rawValue
        if let chunk = free[Self.index(size)].popLast() { return chunk }
        return unsafe Chunk(base: .allocate(byteCount: size.rawValue, alignment: 64), size: size)
    }

    func give(_ chunk: Chunk) {
        leased -= chunk.size.rawValue
        let index = Self.index(chunk.size)
        if free[index].count * chunk.size.rawValue < kept {
            free[index].append(chunk)
        } else {
            unsafe chunk.base.deallocate()
        }
    }

    private static func index(_ size: Size) -> Int {
        switch size {
        case .small: 0
        case .medium: 1
        case .large: 2
        }
    }
}
