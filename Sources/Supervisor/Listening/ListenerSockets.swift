// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// The sockets of all listeners, bound by us or passed by systemd.
struct ListenerSockets {
    struct Entry {
        /// The listener's place in the configuration.
        let listener: UInt16
        let name: String
        let socket: ListeningSocket
    }

    let entries: [Entry]

    private init(entries: [Entry]) {
        self.entries = entries
    }

    /// Those that the program before us listened on.
    init(_ listeners: [UpgradeState.Listener], from passed: PassedDescriptors) throws(Errno) {
        var entries: [Entry] = []
        for listener in listeners {
            entries.append(
                Entry(
                    listener: listener.listener, name: listener.name,
                    socket: try ListeningSocket(adopting: try passed.take(listener.descriptor))))
        }
        self.entries = entries
    }

    /// For the next program.
    static func saved(_ entries: [Entry]) -> [UpgradeState.Listener] {
        entries.map { .init(listener: $0.listener, name: $0.name, descriptor: $0.socket.raw) }
    }

    /// Those of the listener at this place apart from the others.
    func separating(_ listener: Int) -> (it: ListenerSockets, others: ListenerSockets) {
        (
            ListenerSockets(entries: entries.filter { Int($0.listener) == listener }),
            ListenerSockets(entries: entries.filter { Int($0.listener) != listener })
        )
    }

    init(_ listeners: [ListenerConfiguration], activation: SocketActivation, log: Logger) throws(StartFailure) {
        let assignment: SocketAssignment
        do throws(SocketAssignment.Failure) {
            assignment = try SocketAssignment(
                passed: activation.names,
                listeners: listeners.map { .init(name: $0.name, hasAddress: $0.address != nil) })
        } catch {
            switch error {
            case .nothing(let listener, let passed): throw .noSocket(listener: listener, passed: passed)
            }
        }
        for index in assignment.unused {
            log.warning("no listener takes this socket from systemd", metadata: ["name": "\(activation.names[index])"])
        }
        var entries: [Entry] = []
        for (index, listener) in listeners.enumerated() {
            let sockets =
                assignment.taken[index].isEmpty
                ? [try Self.bind(listener, among: listeners)]
                : try Self.adopt(assignment.taken[index], for: listener, from: activation)
            for socket in sockets {
                entries.append(Entry(listener: UInt16(index), name: listener.name, socket: socket))
            }
        }
        self.entries = entries
    }

    private static func adopt(
        _ indices: [Int], for listener: ListenerConfiguration, from activation: SocketActivation
    ) throws(StartFailure) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for index in indices {
            guard activation.isListening(index) else { throw .notListening(listener: listener.name) }
            do throws(Errno) {
                sockets.append(try ListeningSocket(adopting: activation.take(index)))
            } catch {
                throw .cannotListen(listener: listener.name, address: "systemd's socket", error)
            }
        }
        return sockets
    }

    private static func bind(
        _ listener: ListenerConfiguration, among listeners: [ListenerConfiguration]
    ) throws(StartFailure) -> ListeningSocket {
        let text = listener.address ?? ""
        guard let address = SocketAddress(text) else { throw .badAddress(listener: listener.name, address: text) }
        do throws(Errno) {
            let others = listeners.compactMap { $0.address.flatMap { SocketAddress($0) } }
            return try ListeningSocket(binding: address, ipv6Only: ipv6Only(address, among: others))
        } catch {
            throw .cannotListen(listener: listener.name, address: text, error)
        }
    }

    /// `[::]` takes IPv4 as well, as HAProxy's `:::443` and Go's `:443` do (nginx alone does not), unless another
    /// listener asks for the same port of an IPv4 address: then both are wanted apart.
    static func ipv6Only(_ address: SocketAddress, among others: [SocketAddress]) -> Bool {
        guard address.family == .ipv6, address.high == 0, address.low == 0 else { return false }
        return address.port != 0 && others.contains { $0.family == .ipv4 && $0.port == address.port }
    }
}
