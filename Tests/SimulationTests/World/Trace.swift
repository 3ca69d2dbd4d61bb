// SPDX-License-Identifier: Apache-2.0

/// What happened in a world, as one number (FNV-1a over all events) and, if wanted, as lines.
struct Trace {
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var events = 0
    var recordsLines = false
    private(set) var lines: [String] = []

    mutating func add(_ event: StaticString, _ first: Int, _ second: Int, at time: Duration) {
        events += 1
        mix(UInt64(event.utf8CodeUnitCount))
        mix(UInt64(bitPattern: Int64(first)))
        mix(UInt64(bitPattern: Int64(second)))
        mix(UInt64(bitPattern: time.components.attoseconds))
        guard recordsLines else { return }
        lines.append("\(time) \(event) \(first) \(second)")
    }

    private mutating func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0x0000_0100_0000_01b3
        hash ^= hash >> 29
    }
}
