// SPDX-License-Identifier: Apache-2.0

import Shared

/// A listening socket: connections that are set up and wait to be accepted.
final class Listener {
    private var backlog: [(endpoint: Endpoint, peer: SocketAddress)] = []
    private(set) var isClosed = false
    weak var watcher: SimulatedKernel?

    var count: Int { backlog.count }
    var readable: Bool { !backlog.isEmpty }

    /// False: nobody listens.
    func arrive(_ endpoint: Endpoint, from peer: SocketAddress) -> Bool {
        guard !isClosed else { return false }
        backlog.append((endpoint, peer))
        watcher?.changed()
        return true
    }

    func accept() -> (endpoint: Endpoint, peer: SocketAddress)? {
        backlog.isEmpty ? nil : backlog.removeFirst()
    }

    func close() {
        isClosed = true
        for entry in backlog {
            // Never accepted: whoever stops listening sends them away.
            entry.endpoint.closedOnPurpose = true
            entry.endpoint.setLingerReset()
            entry.endpoint.release()
        }
        backlog.removeAll()
    }
}
