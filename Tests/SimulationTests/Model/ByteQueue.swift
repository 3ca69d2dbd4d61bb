// SPDX-License-Identifier: Apache-2.0

/// Bytes that go in behind and come out in front.
struct ByteQueue {
    private var storage: [UInt8] = []
    private var head = 0

    var count: Int { storage.count - head }
    var isEmpty: Bool { storage.count == head }

    mutating func append(_ bytes: [UInt8]) {
        if head == storage.count { removeAll() }
        storage.append(contentsOf: bytes)
    }

    mutating func take(_ most: Int) -> [UInt8] {
        let end = head + min(most, count)
        let taken = Array(storage[head..<end])
        head = end
        if isEmpty { removeAll() }
        return taken
    }

    mutating func removeAll() {
        storage.removeAll(keepingCapacity: true)
        head = 0
    }
}
