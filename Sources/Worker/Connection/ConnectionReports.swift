// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the supervisor has yet to hear of connections: which were read from, and which are closed.
struct ConnectionReports {
    private var claims: [UInt64] = []
    private var closes: [UInt64] = []
    private var returns: [UInt64] = []

    mutating func claimed(_ id: UInt64) { claims.append(id) }
    mutating func closed(_ id: UInt64) { closes.append(id) }
    /// Its socket did not arrive.
    mutating func returned(_ id: UInt64) { returns.append(id) }

    /// Says what there is to say, in batches, until `send` takes no more.
    mutating func report(_ send: (ToSupervisor) -> Bool) {
        Self.drain(&claims) { send(.claimed($0)) }
        Self.drain(&closes) { send(.closed($0)) }
        Self.drain(&returns) { send(.returned($0)) }
    }

    private static func drain(_ identifiers: inout [UInt64], _ send: ([UInt64]) -> Bool) {
        while !identifiers.isEmpty {
            let batch = Array(identifiers.prefix(ControlProtocol.maxBatch))
            guard send(batch) else { return }
            identifiers.removeFirst(batch.count)
        }
    }
}
