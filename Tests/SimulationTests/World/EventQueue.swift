// SPDX-License-Identifier: Apache-2.0

import Shared

/// Events by time, and those of one time in the order in which they were made: a binary heap.
struct EventQueue {
    private struct Event {
        let time: Instant
        let number: UInt64
        let body: () -> Void

        func isBefore(_ other: Event) -> Bool {
            time == other.time ? number < other.number : time < other.time
        }
    }

    private var heap: [Event] = []
    private var number: UInt64 = 0

    var firstTime: Instant? { heap.first?.time }

    mutating func insert(_ time: Instant, _ body: @escaping () -> Void) {
        number += 1
        heap.append(Event(time: time, number: number, body: body))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// There must be one.
    mutating func popFirst() -> () -> Void {
        let first = heap[0]
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first.body }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least])
            {
                least = child
            }
            if least == parent { return first.body }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
