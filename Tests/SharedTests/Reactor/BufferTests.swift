// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Shared

/// A buffer in an object: `#expect` takes apart only what can be copied.
private final class HeldBuffer {
    private let buffer: Buffer

    init(pool: BufferPool) { buffer = Buffer(pool: pool) }

    var bytes: [UInt8] { unsafe buffer.withBytes { bytes in unsafe [UInt8](bytes) } }
    var isEmpty: Bool { buffer.isEmpty }
    var isLeased: Bool { buffer.isLeased }
    var room: Int { buffer.room }
    var capacity: Int { buffer.capacity }
    func reserve(_ count: Int) -> Bool { buffer.reserve(count) }
    func append(_ bytes: [UInt8]) { buffer.append(bytes) }
    func append(_ count: Int, from other: HeldBuffer, at offset: Int) {
        buffer.append(count, from: other.buffer, at: offset)
    }
    func take(_ count: Int, from other: HeldBuffer) { buffer.take(count, from: other.buffer) }
    func consume(_ count: Int) { buffer.consume(count) }
    func compact() { buffer.compact() }
    func discardAll() { buffer.discardAll() }
    func giveBackIfEmpty() { buffer.giveBackIfEmpty() }

    /// Fills with `bytes`, but says that so many were filled.
    func fill(_ bytes: [UInt8], claiming count: Int) -> Int {
        unsafe buffer.fill { room in
            for (index, byte) in bytes.enumerated() { unsafe room[index] = byte }
            return count
        }
    }
}

@Suite("Buffer and its pool")
struct BufferTests {
    let pool = BufferPool(limit: 200_000)

    @Test(arguments: [
        (1, 4_096), (4_096, 4_096), (4_097, 17_408), (17_408, 17_408), (17_409, 69_632), (69_632, 69_632),
    ])
    func takesTheSmallestChunkThatFits(bytes: Int, capacity: Int) {
        do {
            let buffer = HeldBuffer(pool: pool)
            #expect(!buffer.isLeased)
            #expect(buffer.reserve(bytes))
            #expect(buffer.capacity == capacity)
            #expect(buffer.room == capacity)
            #expect(pool.leased == capacity)
        }
        #expect(pool.leased == 0, "a buffer's end gives everything back")
    }

    @Test func noChunkIsLargerThanTheLargest() {
        let buffer = HeldBuffer(pool: pool)
        #expect(!buffer.reserve(69_633))
        #expect(!buffer.isLeased)
        #expect(pool.refusals == 0, "that is not the limit's doing")
    }

    @Test func growthKeepsWhatIsHeld() {
        let buffer = HeldBuffer(pool: pool)
        let held = (0..<4_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(buffer.reserve(4_000))
        buffer.append(held)
        buffer.consume(10)
        #expect(buffer.reserve(1_000))
        #expect(buffer.capacity == 17_408)
        #expect(buffer.bytes == Array(held.dropFirst(10)))
        #expect(pool.leased == 17_408)
    }

    @Test func compactsBeforeItGrows() {
        let buffer = HeldBuffer(pool: pool)
        let held = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        #expect(buffer.reserve(4_096))
        buffer.append(held)
        #expect(buffer.room == 0)
        buffer.consume(1_000)
        #expect(buffer.reserve(1_000))
        #expect(buffer.capacity == 4_096)
        #expect(buffer.room == 1_000)
        #expect(buffer.bytes == Array(held.dropFirst(1_000)))
        buffer.consume(3_096)
        #expect(buffer.isEmpty && buffer.room == 4_096, "an emptied buffer starts at its front again")
        buffer.giveBackIfEmpty()
        #expect(!buffer.isLeased)
        #expect(buffer.bytes.isEmpty)
    }

    @Test func theLimitRefusesAndNothingIsLost() {
        let pool = BufferPool(limit: 4_096 + 17_408 + 1)
        let first = HeldBuffer(pool: pool)
        let second = HeldBuffer(pool: pool)
        #expect(first.reserve(4_096))
        first.append([1, 2, 3])
        #expect(second.reserve(4_097))
        #expect(!second.reserve(17_409))
        #expect(!first.reserve(4_096))
        #expect(pool.refusals == 2)
        #expect(first.bytes == [1, 2, 3])
        second.discardAll()
        #expect(pool.leased == 4_096)
        #expect(first.reserve(4_096))
        #expect(first.bytes == [1, 2, 3])
    }

    @Test func fillTakesOnlyWhatWasFilled() {
        let buffer = HeldBuffer(pool: pool)
        #expect(buffer.fill([], claiming: 0) == 0, "there is no room before a lease")
        #expect(buffer.reserve(1))
        #expect(buffer.fill([9], claiming: -11) == -11)
        #expect(buffer.isEmpty)
        #expect(buffer.fill([9, 8], claiming: 1) == 1)
        #expect(buffer.bytes == [9])
    }

    @Test func movesAndCopiesBetweenBuffers() {
        let from = HeldBuffer(pool: pool)
        let to = HeldBuffer(pool: pool)
        #expect(from.reserve(10))
        from.append([1, 2, 3, 4, 5])
        #expect(to.reserve(10))
        to.append(2, from: from, at: 3)
        to.take(2, from: from)
        to.append(0, from: from, at: 3)
        #expect(to.bytes == [4, 5, 1, 2])
        #expect(from.bytes == [3, 4, 5])
    }

    @Test func boundsAreChecked() async {
        await #expect(processExitsWith: .failure) {
            let buffer = HeldBuffer(pool: BufferPool(limit: 10_000))
            _ = buffer.reserve(1)
            buffer.append([1])
            buffer.consume(2)
        }
        await #expect(processExitsWith: .failure) {
            let buffer = HeldBuffer(pool: BufferPool(limit: 10_000))
            _ = buffer.reserve(4_000)
            buffer.append([UInt8](repeating: 0, count: 4_097))
        }
        await #expect(processExitsWith: .failure) {
            let buffer = HeldBuffer(pool: BufferPool(limit: 10_000))
            _ = buffer.reserve(4_000)
            _ = buffer.fill([], claiming: 4_097)
        }
    }

    /// Random operations against a plain array; at the end the pool has everything back.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func agreesWithAnArray(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        do {
            let buffer = HeldBuffer(pool: pool)
            var model: [UInt8] = []
            for _ in 0..<400 {
                switch UInt8.random(in: 0..<5, using: &random) {
                case 0..<2:
                    let more = random.bytes(Int.random(in: 0...3_000, using: &random))
                    let fits = model.count + more.count <= 69_632
                    guard buffer.reserve(more.count) == fits else { Issue.record("seed \(seed): reserve"); return }
                    if fits {
                        buffer.append(more)
                        model += more
                    }
                case 2:
                    let count = Int.random(in: 0...model.count, using: &random)
                    buffer.consume(count)
                    model.removeFirst(count)
                case 3: buffer.compact()
                default: buffer.giveBackIfEmpty()
                }
                guard buffer.bytes == model, pool.leased == buffer.capacity else {
                    Issue.record("seed \(seed): contents or lease differ")
                    return
                }
            }
        }
        #expect(pool.leased == 0)
    }
}
