// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// Who takes in accepted connections.
protocol AcceptorOwner: AnyObject {
    /// Connections that workers can be given, that wait for one, and that could still be kept.
    var acceptFigures: (credits: Int, held: Int, room: Int) { get }
    func accepted(_ socket: consuming FileDescriptor, listener: UInt16, peer: SocketAddress, now: Instant)
}

/// Accepts on all listeners as `AcceptPolicy` allows; reads no byte.
final class Acceptor: EventHandler, TimerHandler {
    private let reactor: Reactor
    private let log: Logger
    /// Set before the first connection.
    weak var owner: (any AcceptorOwner)?
    private(set) var entries: [ListenerSockets.Entry]
    private var registrations: [Reactor.Registration] = []
    private var policy = AcceptPolicy()
    private var timer = Reactor.Timer.none
    private var watching = false
    var descriptorPauses: UInt64 = 0
    var pauses = AcceptPauses()
    private var pacer = LogPacer()

    init(reactor: Reactor, sockets: ListenerSockets, log: Logger) throws(Errno) {
        self.reactor = reactor
        self.log = log
        entries = sockets.entries
        for (index, entry) in entries.enumerated() {
            registrations.append(try reactor.register(entry.socket.raw, [], handler: self, tag: UInt32(index)))
        }
    }

    /// Stops for good; sockets that we bound are closed with that.
    func stop() {
        policy.stop()
        reactor.cancelTimer(&timer)
        for index in registrations.indices { reactor.remove(&registrations[index]) }
        registrations.removeAll()
        entries.removeAll()
    }

    /// Watches the listeners, or leaves new connections to the kernel's backlog: called once in each turn.
    func update(now: Instant) {
        guard !policy.stopping else { return }
        let decision = decision(now)
        pauses.note(decision)
        switch decision {
        case .accept: watch(true)
        case .pause(let pause):
            watch(false)
            if case .descriptors(let until) = pause, !reactor.isWaiting(timer) {
                timer = reactor.startTimer(at: until, handler: self)
            }
        }
    }

    private func watch(_ wanted: Bool) {
        guard wanted != watching else { return }
        watching = wanted
        for registration in registrations { reactor.setInterest(registration, wanted ? .read : []) }
    }

    private func decision(_ now: Instant) -> AcceptPolicy.Decision {
        guard let figures = owner?.acceptFigures else { return .pause(.stopping) }
        return policy.decide(credits: figures.credits, held: figures.held, room: figures.room, now: now)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        let entry = entries[Int(tag)]
        guard case .accept(let most) = decision(now) else { return }
        for _ in 0..<most {
            var peer = SocketAddress.unspecified
            do throws(Errno) {
                let socket = try entry.socket.accept(&peer)
                owner?.accepted(socket, listener: entry.listener, peer: peer, now: now)
            } catch {
                if !goesOn(after: error, listener: entry.name, now: now) { return }
            }
            // What was accepted may have found no taker: ask again before the next one.
            guard case .accept = decision(now) else { return }
        }
    }

    /// accept(2): errors of the new connection's network are passed on by the listener; the next one may be fine.
    private func goesOn(after error: Errno, listener: String, now: Instant) -> Bool {
        switch error {
        case .again: return false
        case .tooManyFiles, .tooManyFilesInSystem, .outOfBuffers, .outOfMemory:
            policy.descriptorsExhausted(now)
            descriptorPauses += 1
            // It may be so for long, and comes again after each pause.
            if let times = pacer.happened(now) {
                log.warning(
                    "cannot accept for now",
                    metadata: ["listener": "\(listener)", "error": "\(error)", "since_last_line": "\(times)"])
            }
            return false
        default: return true
        }
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
    }
}
