// SPDX-License-Identifier: Apache-2.0

/// Whose panel it is, as the supervisor names it to the admin process.
package struct PanelOwner: Hashable, Sendable {
    package enum Role: UInt8, Sendable {
        case supervisor = 1
        case gateway = 2
        case keyring = 3
        case admin = 4
        /// The sums of gateway workers that were gone before; it does not change.
        case retired = 5
    }

    package let role: Role
    package let slot: UInt16
    package let generation: UInt32

    package init(role: Role, slot: UInt16 = 0, generation: UInt32 = 0) {
        self.role = role
        self.slot = slot
        self.generation = generation
    }

    func encode(into writer: inout RecordWriter) {
        writer.write(role.rawValue)
        writer.write(slot)
        writer.write(generation)
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        guard let role = Role(rawValue: try reader.read()) else { throw .badValue("panel role") }
        self.role = role
        slot = try reader.read()
        generation = try reader.read()
    }
}
