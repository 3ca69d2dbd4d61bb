// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Synchronization

/// A TCP or TLS server that does exactly what its script says with each connection, on a thread per connection, and keeps
/// what it saw: every byte of each request's head, when the peer's end was seen, and how many connections are open.
package final class ScriptedUpstream: Sendable {
    package typealias Script = @Sendable (ScriptedConnection) throws -> Void

    /// What is known of the server's connections at one instant.
    package struct Ledger: Equatable, Sendable {
        package var accepted = 0
        package var open = 0
    }

    private struct State {
        var ledger = Ledger()
        var requests: [HTTPHead] = []
        var counts: [String: Int] = [:]
        var closes: [ScriptedConnection.Close] = []
        var live: [Int: Wire] = [:]
        var marks: Set<String> = []
        var withholdsHandshake = false
        var handshakes = Int.max
    }

    package let endpoint: Endpoint
    private let listener: Int32
    private let listenerClosed = DispatchSemaphore(value: 0)
    private let tls: TLSContext?
    private let script: Script
    private let state = Mutex(State())

    /// Listens at once, on a port of its own unless told. `receiveBuffer` is set before `listen`, so that connections inherit the small window.
    package init(
        on endpoint: Endpoint = Endpoint("127.0.0.1", 0), tls: TLSContext? = nil, receiveBuffer: Int32? = nil,
        _ script: @escaping Script
    ) throws(HarnessError) {
        Harness.prepare()
        let (descriptor, port) = try Sockets.listen(
            on: endpoint.address, port: endpoint.port, backlog: 4_096, receiveBuffer: receiveBuffer)
        listener = descriptor
        self.endpoint = Endpoint(endpoint.address, port)
        self.tls = tls
        self.script = script
        Harness.thread { self.accept() }
    }

    /// Ends the listener and every connection; its port is free when this returns.
    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        listenerClosed.wait()
        listenerClosed.signal()
        for wire in state.withLock({ $0.live.values.map { $0 } }) { wire.abandon() }
    }

    /// While true, connections are accepted but their TLS handshake is never answered.
    package var withholdsHandshake: Bool {
        get { state.withLock { $0.withholdsHandshake } }
        set { state.withLock { $0.withholdsHandshake = newValue } }
    }

    /// Only the first so many connections' handshakes are answered.
    package var handshakes: Int {
        get { state.withLock { $0.handshakes } }
        set { state.withLock { $0.handshakes = newValue } }
    }

    package var ledger: Ledger { state.withLock { $0.ledger } }
    /// Every request's head so far, in the order in which they were whole.
    package var requests: [HTTPHead] { state.withLock { $0.requests } }
    /// The connections' ends, as far as a script waited for them.
    package var closes: [ScriptedConnection.Close] { state.withLock { $0.closes } }

    package func requests(for target: String) -> [HTTPHead] {
        requests.filter { $0.target == target }
    }

    /// The same without copies: cheap to ask often.
    package func requestCount(for target: String) -> Int {
        state.withLock { $0.counts[target] ?? 0 }
    }

    /// The first close of a connection whose last request was for `target`; nil when the deadline passed.
    package func close(of target: String, within limit: Duration) -> ScriptedConnection.Close? {
        var found: ScriptedConnection.Close?
        _ = eventually(within: limit, every: .milliseconds(1)) {
            found = state.withLock { $0.closes.first { $0.target == target } }
            return found != nil
        }
        return found
    }

    func record(_ head: HTTPHead) {
        state.withLock {
            $0.requests.append(head)
            $0.counts[head.target, default: 0] += 1
        }
    }

    func record(_ close: ScriptedConnection.Close) {
        state.withLock { $0.closes.append(close) }
    }

    func mark(_ point: String) {
        state.withLock { _ = $0.marks.insert(point) }
    }

    /// A script has come to this point of its own naming, with a request for this target.
    package func isMarked(_ point: String, for target: String) -> Bool {
        state.withLock { $0.marks.contains("\(point) \(target)") }
    }

    private func accept() {
        var number = 0
        while let descriptor = Sockets.accept(listener) {
            number += 1
            let wire = Wire(descriptor: descriptor)
            state.withLock {
                $0.ledger.accepted += 1
                $0.ledger.open += 1
                $0.live[number] = wire
            }
            let connection = ScriptedConnection(number: number, wire: wire, upstream: self)
            Harness.thread { self.serve(connection) }
        }
        _ = Foundation.close(listener)
        listenerClosed.signal()
    }

    private func serve(_ connection: ScriptedConnection) {
        if withholdsHandshake || connection.number > handshakes {
            connection.waitForPeerClose(target: "handshake", by: .after(.seconds(120)))
        } else if tls.map({ connection.wire.acceptTLS($0, by: .after(.seconds(20))) }) ?? true {
            // A script ends by throwing whenever its peer ends first: nothing to report.
            try? script(connection)
        }
        connection.wire.close()
        state.withLock {
            $0.ledger.open -= 1
            $0.live[connection.number] = nil
        }
    }
}
