// SPDX-License-Identifier: Apache-2.0

/// When to give freed memory back to the system. Pure.
///
/// The allocator keeps what a wave of connections has freed, since another wave may come. Giving it back walks the whole
/// heap, so it is done once a wave has clearly gone, and once when nobody is left at all: then it costs nobody anything,
/// and what a worker holds at rest does not depend on how its last connections came and went.
struct MemoryTrimPolicy: Equatable {
    /// Connections at most since memory was last given back.
    private var peak = 0
    /// Connections when last asked.
    private var last = 0

    /// Waves smaller than this are not worth the walk.
    static let smallest = 256

    /// Asked about once a second with the connections open now, or the requests in flight where they are more: whether to
    /// give memory back.
    mutating func shouldTrim(connections: Int) -> Bool {
        defer { last = connections }
        peak = max(peak, connections)
        if connections == 0, last == 0, peak > 0 {
            peak = 0
            return true
        }
        guard peak - connections >= Self.smallest, connections <= peak / 2 else { return false }
        // While they still leave in numbers, the best moment is yet to come.
        guard last - connections < Self.smallest / 4 else { return false }
        peak = connections
        return true
    }
}
