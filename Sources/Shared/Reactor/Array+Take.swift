// SPDX-License-Identifier: Apache-2.0

extension Array {
    /// Empties it and gives what it held, without another count of its elements' storage.
    @inlinable @inline(__always)
    package mutating func takeAll() -> [Element] {
        var taken: [Element] = []
        swap(&self, &taken)
        return taken
    }
}
