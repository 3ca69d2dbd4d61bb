// SPDX-License-Identifier: Apache-2.0

/// Which of systemd's sockets belongs to which listener. Pure.
///
/// A listener takes all sockets of its name (IPv4 and IPv6, for instance), whether or not it has an address of its own.
/// A single listener without an address also takes what no name claims, so that a plain socket unit, whose sockets have
/// the unit's name, just works.
struct SocketAssignment: Equatable, Sendable {
    struct Listener: Equatable, Sendable {
        var name: String
        var hasAddress: Bool
    }

    enum Failure: Error, Equatable, Sendable {
        /// This listener has neither an address nor a socket.
        case nothing(listener: String, passed: [String])
    }

    /// For each listener the sockets it takes; none: it binds its own address.
    var taken: [[Int]]
    /// Sockets that nobody takes.
    var unused: [Int]

    init(passed names: [String], listeners: [Listener]) throws(Failure) {
        taken = listeners.map { listener in names.indices.filter { names[$0] == listener.name } }
        let claimed = Set(taken.joined())
        unused = names.indices.filter { !claimed.contains($0) }
        let empty = listeners.indices.filter { !listeners[$0].hasAddress && taken[$0].isEmpty }
        guard let first = empty.first else { return }
        guard empty.count == 1, !unused.isEmpty else {
            throw .nothing(listener: listeners[first].name, passed: names)
        }
        taken[first] = unused
        unused = []
    }
}
