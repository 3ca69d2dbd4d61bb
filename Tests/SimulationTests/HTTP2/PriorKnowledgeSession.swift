// SPDX-License-Identifier: Apache-2.0

import Shared

@testable import Worker

/// The real HTTP/2 session on a connection without TLS. It begins with the client's first bytes: before they can be read,
/// another worker could still get the connection.
final class PriorKnowledgeSession: ClientSession {
    private unowned let connection: ClientConnection
    private var session: HTTP2Session?

    init(_ connection: ClientConnection) {
        self.connection = connection
    }

    func start() {}

    func ready(_ readiness: Readiness, now: Instant) {
        guard session == nil else {
            session?.ready(readiness, now: now)
            return
        }
        guard readiness.contains(.readable) else { return connection.close(reset: true) }
        let made = HTTP2Session(connection: connection)
        session = made
        made.start()
        // What it has not read by itself: that there is nobody any more.
        let others = readiness.subtracting(.readable)
        if !others.isEmpty { session?.ready(others, now: now) }
    }

    func deadlinePassed(now: Instant) {
        guard let session else { return connection.close(reset: false) }
        session.deadlinePassed(now: now)
    }

    func drain() { session?.drain() }
    func cutExchanges() { session?.cutExchanges() }
    func forEachExchange(_ body: (Exchange) -> Void) { session?.forEachExchange(body) }
    func exchange(_ id: UInt64) -> Exchange? { session?.exchange(id) }

    func connectionClosed() {
        session?.connectionClosed()
        session = nil
    }
}
