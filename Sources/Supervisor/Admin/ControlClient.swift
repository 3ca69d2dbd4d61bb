// SPDX-License-Identifier: Apache-2.0

import Shared

/// One connection to the control socket: lines of requests in, lines of answers out, one at a time. Each has a deadline.
final class ControlClient: EventHandler, TimerHandler {
    /// For a request to arrive and its answer to leave.
    static let allowance = Duration.seconds(5)
    /// Bytes of one request.
    static let maxLine = 65_536

    private let reactor: Reactor
    private let socket: FileDescriptor
    private unowned let owner: ControlSocket
    private let place: Int
    private var registration = Reactor.Registration.none
    private var timer = Reactor.Timer.none
    private var received: [UInt8] = []
    private var answer: [UInt8] = []
    private var sent = 0
    private var peerEnded = false

    init(
        reactor: Reactor, socket: consuming FileDescriptor, owner: ControlSocket, place: Int
    ) throws(Errno) {
        self.reactor = reactor
        self.owner = owner
        self.place = place
        let raw = socket.raw
        self.socket = socket
        registration = try reactor.register(raw, .read, handler: self)
        timer = reactor.startTimer(at: reactor.now + Self.allowance, handler: self)
    }

    /// Ends it; the socket closes with the last reference.
    func close() {
        reactor.remove(&registration)
        reactor.cancelTimer(&timer)
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        owner.ended(place)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        do throws(Errno) {
            if answer.isEmpty { try receive() }
            try work(now)
        } catch {
            if error != .again && error != .interrupted { owner.ended(place) }
        }
    }

    private func receive() throws(Errno) {
        let bytes = try LocalStream.read(socket, limit: 4_096)
        if bytes.isEmpty { peerEnded = true }
        received += bytes
    }

    /// Answers what has arrived in full, as far as answers leave.
    private func work(_ now: Instant) throws(Errno) {
        while true {
            try flush()
            guard let newline = received.firstIndex(of: UInt8(ascii: "\n")) else { break }
            let line = Array(received[..<newline])
            received.removeFirst(newline + 1)
            answer = owner.respond(to: line)
            reactor.cancelTimer(&timer)
            timer = reactor.startTimer(at: now + Self.allowance, handler: self)
        }
        if peerEnded || received.count > Self.maxLine { owner.ended(place) }
    }

    private func flush() throws(Errno) {
        while sent < answer.count {
            do throws(Errno) {
                sent += try LocalStream.send(socket, answer, from: sent)
            } catch {
                if error == .again { reactor.setInterest(registration, .write) }
                throw error
            }
        }
        answer = []
        sent = 0
        reactor.setInterest(registration, .read)
    }
}
