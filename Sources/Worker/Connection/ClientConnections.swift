// SPDX-License-Identifier: Apache-2.0

import Shared

/// All client connections of one worker, and what the supervisor has yet to hear of them.
final class ClientConnections {
    private let plane: Plane
    private var open: [UInt64: ClientConnection] = [:]
    private var claims: [UInt64] = []
    private var closes: [UInt64] = []
    private var returns: [UInt64] = []

    init(plane: Plane) {
        self.plane = plane
    }

    var count: Int { open.count }

    func add(_ connection: ClientConnection) {
        open[connection.id] = connection
        plane.panel.set(.connections, UInt64(open.count))
    }

    func claimed(_ connection: ClientConnection) {
        claims.append(connection.id)
    }

    func closed(_ connection: ClientConnection) {
        guard open.removeValue(forKey: connection.id) != nil else { return }
        plane.panel.set(.connections, UInt64(open.count))
        closes.append(connection.id)
    }

    /// A connection whose socket did not arrive.
    func notTaken(_ id: UInt64) {
        returns.append(id)
    }

    /// Says what there is to say, in batches, until `send` takes no more.
    func report(_ send: (ToSupervisor) -> Bool) {
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

    /// Calls `body` with each connection there is now, oldest first; it may close any of them.
    func forEach(_ body: (ClientConnection) -> Void) {
        for connection in open.values.sorted(by: { $0.id < $1.id }) { body(connection) }
    }

    /// Ends the exchange with this number, if it goes on here.
    func cancel(exchange id: UInt64) {
        for connection in open.values {
            if let exchange = connection.exchange(id) { return exchange.cut() }
        }
    }
}
