// SPDX-License-Identifier: Apache-2.0

import Shared

/// All client connections of one worker, and what the supervisor has yet to hear of them.
final class ClientConnections {
    private let plane: Plane
    private var open: [UInt64: ClientConnection] = [:]
    private var reports = ConnectionReports()

    init(plane: Plane) {
        self.plane = plane
    }

    var count: Int { open.count }

    func add(_ connection: ClientConnection) {
        open[connection.id] = connection
        plane.panel.set(.connections, UInt64(open.count))
    }

    func claimed(_ connection: ClientConnection) {
        reports.claimed(connection.id)
    }

    func closed(_ connection: ClientConnection) {
        guard open.removeValue(forKey: connection.id) != nil else { return }
        plane.panel.set(.connections, UInt64(open.count))
        if !DeliberateFault.isOn(.closeNotReported) { reports.closed(connection.id) }
    }

    /// A connection whose socket did not arrive.
    func notTaken(_ id: UInt64) {
        if !DeliberateFault.isOn(.lostSocketNotReturned) { reports.returned(id) }
    }

    /// Says what there is to say, in batches, until `send` takes no more.
    func report(_ send: (ToSupervisor) -> Bool) {
        reports.report(send)
    }

    /// Calls `body` with each connection there is now, oldest first; it may close any of them.
    func forEach(_ body: (ClientConnection) -> Void) {
        for connection in open.values.sorted(by: { $0.id < $1.id }) { body(connection) }
    }

    /// Watches and followed logs, those of the oldest connections first.
    var streams: [Exchange] {
        var streams: [Exchange] = []
        forEach { connection in
            connection.forEachExchange { exchange in
                if exchange.isStream { streams.append(exchange) }
            }
        }
        return streams
    }

    /// Ends the exchange with this number, if it goes on here.
    func cancel(exchange id: UInt64) {
        for connection in open.values {
            if let exchange = connection.exchange(id) { return exchange.cancel() }
        }
    }
}
