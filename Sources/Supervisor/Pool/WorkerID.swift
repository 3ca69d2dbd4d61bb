// SPDX-License-Identifier: Apache-2.0

/// Which process holds a slot. What a dead process left behind never matches the one that came after it.
struct WorkerID: Hashable, Sendable, Codable, CustomStringConvertible {
    let slot: Int
    /// Counts the processes of this slot, from 1.
    let generation: UInt32

    var description: String { "\(slot).\(generation)" }
}

/// What a child is started as: its first argument.
enum WorkerRole: String, Sendable, Codable {
    case gateway
    case keyring
    case admin
}
