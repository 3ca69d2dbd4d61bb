// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import Shared

/// The sockets of one curl multi handle in our loop, as CURLMOPT_SOCKETFUNCTION wants them. Each is registered under its own
/// number as the tag; curl owns and closes the sockets.
final class CurlSockets {
    private let reactor: Reactor
    private var registrations: [Int32: Reactor.Registration] = [:]

    init(reactor: Reactor) {
        self.reactor = reactor
    }

    /// Does what curl wants of a socket; `handler` hears of it.
    func watch(_ socket: Int32, _ what: Int32, handler: any EventHandler) {
        if what == CURL_POLL_REMOVE {
            if var registration = registrations.removeValue(forKey: socket) { reactor.remove(&registration) }
            return
        }
        var interest: Interest = []
        if what & CURL_POLL_IN != 0 { interest.insert(.read) }
        if what & CURL_POLL_OUT != 0 { interest.insert(.write) }
        if let registration = registrations[socket] {
            reactor.setInterest(registration, interest)
        } else if let registration = try? reactor.register(
            socket, interest, handler: handler, tag: UInt32(bitPattern: socket))
        {
            registrations[socket] = registration
        }
        // A socket that cannot be watched is not lost: the transfer's own time-out ends it.
    }

    /// Watches none any more.
    func removeAll() {
        for var registration in registrations.values { reactor.remove(&registration) }
        registrations.removeAll()
    }

    /// What happened on a socket, for `curl_multi_socket_action`.
    static func events(_ readiness: Readiness) -> Int32 {
        var events: Int32 = 0
        if !readiness.isDisjoint(with: [.readable, .peerClosed]) { events |= CURL_CSELECT_IN }
        if readiness.contains(.writable) { events |= CURL_CSELECT_OUT }
        if readiness.contains(.failed) { events |= CURL_CSELECT_ERR }
        return events
    }
}
