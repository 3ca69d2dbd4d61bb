// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// TCP connections as `/proc/net/tcp` shows them (proc(5)): both ends of a loopback connection, from outside.
package struct KernelSocket: Sendable {
    /// include/net/tcp_states.h.
    package enum State: Int, Sendable {
        case established = 1
        case synSent
        case synReceived
        case finWait1
        case finWait2
        case timeWait
        case close
        case closeWait
        case lastAck
        case listen
        case closing
        case newSynReceived
    }

    package let localPort: UInt16
    package let remotePort: UInt16
    package let state: State
    /// Bytes that the peer has not acknowledged; for a listener, its backlog's limit.
    package let sendQueue: Int
    /// Bytes that the program has not read; for a listener, the connections that wait.
    package let receiveQueue: Int

    /// All IPv4 sockets of this network namespace.
    package static func all() -> [KernelSocket] {
        let table = ProcFile.read("/proc/net/tcp") ?? ""
        return table.split(separator: "\n").dropFirst().compactMap(KernelSocket.init(line:))
    }

    private init?(line: Substring) {
        let columns = line.split(separator: " ", omittingEmptySubsequences: true)
        guard columns.count > 4,
            let localPort = Self.port(columns[1]), let remotePort = Self.port(columns[2]),
            let state = Int(columns[3], radix: 16).flatMap(State.init(rawValue:))
        else { return nil }
        let queues = columns[4].split(separator: ":").compactMap { Int($0, radix: 16) }
        guard queues.count == 2 else { return nil }
        self.localPort = localPort
        self.remotePort = remotePort
        self.state = state
        sendQueue = queues[0]
        receiveQueue = queues[1]
    }

    private static func port(_ column: Substring) -> UInt16? {
        column.split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
    }

    /// The near and the far end of one loopback connection.
    package static func pair(of wire: Wire) -> (near: KernelSocket?, far: KernelSocket?) {
        let all = all()
        return (
            all.first { $0.localPort == wire.localPort && $0.remotePort == wire.remotePort },
            all.first { $0.localPort == wire.remotePort && $0.remotePort == wire.localPort }
        )
    }

    /// Sockets on their way to a port, or connected to it.
    package static func towards(_ port: UInt16, in states: Set<State>) -> [KernelSocket] {
        all().filter { $0.remotePort == port && states.contains($0.state) }
    }
}
