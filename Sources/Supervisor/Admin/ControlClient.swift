// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

/// One connection to the control socket: lines of requests in, lines of answers out, one at a time. Each has a deadline.
final class ControlClient: EventHandler, TimerHandler {
    /// For a request to arrive and its answer to leave.
    static let allowance = Duration.seconds(5)
    /// Bytes of one request.
    static let maxLine = 65_536

    /// Which client: its place, and what tells it from those that had the place before.
    struct Name: Hashable, Sendable {
        let place: Int
        let number: UInt64
    }

    enum Response {
        case now([UInt8])
        /// It comes later, within this time.
        case later(Duration)
    }

    let name: Name
    private let reactor: Reactor
    private let socket: FileDescriptor
    private unowned let owner: ControlSocket
    private var registration = Reactor.Registration.none
    private var timer = Reactor.Timer.none
    private var received: [UInt8] = []
    private var answer: [UInt8] = []
    private var sent = 0
    private var peerEnded = false
    /// The answer comes later.
    private(set) var isWaiting = false

    init(
        reactor: Reactor, socket: consuming FileDescriptor, owner: ControlSocket, name: Name
    ) throws(Errno) {
        self.reactor = reactor
        self.owner = owner
        self.name = name
        let raw = socket.raw
        self.socket = socket
        registration = try reactor.register(raw, .read, handler: self)
        timer = reactor.startTimer(at: reactor.now + Self.allowance, handler: self)
    }

    /// One that the program before us talked with.
    init(
        reactor: Reactor, socket: consuming FileDescriptor, owner: ControlSocket, name: Name,
        carrying saved: UpgradeState.Client, allowance: Duration
    ) throws(Errno) {
        self.reactor = reactor
        self.owner = owner
        self.name = name
        let raw = socket.raw
        self.socket = socket
        received = Array(saved.received)
        answer = Array(saved.answer)
        peerEnded = saved.peerEnded
        isWaiting = saved.isWaiting
        let interest: Interest = isWaiting && peerEnded ? [] : answer.isEmpty ? .read : .write
        registration = try reactor.register(raw, interest, handler: self)
        timer = reactor.startTimer(at: reactor.now + (isWaiting ? allowance : Self.allowance), handler: self)
    }

    /// For the next program.
    func saved(isWaiting: Bool) -> UpgradeState.Client {
        .init(
            descriptor: socket.raw, received: Data(received), answer: Data(answer[sent...]), peerEnded: peerEnded,
            isWaiting: isWaiting)
    }

    /// Ends it; the socket closes with the last reference.
    func close() {
        reactor.remove(&registration)
        reactor.cancelTimer(&timer)
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        owner.ended(name.place)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        do throws(Errno) {
            if isWaiting { return try watchWaiting() }
            if answer.isEmpty { try receive() }
            try work(now)
        } catch {
            if error != .again && error != .interrupted { owner.ended(name.place) }
        }
    }

    /// Somebody who waits says nothing more, but may leave.
    private func watchWaiting() throws(Errno) {
        if peerEnded || received.count > Self.maxLine { return owner.ended(name.place) }
        try receive()
        // The end of its sending alone is not its leaving, and would be told again and again.
        if peerEnded { reactor.setInterest(registration, []) }
    }

    func answerLate(_ line: [UInt8]) {
        guard isWaiting else { return }
        isWaiting = false
        answer = line
        reactor.cancelTimer(&timer)
        timer = reactor.startTimer(at: reactor.now + Self.allowance, handler: self)
        do throws(Errno) {
            try work(reactor.now)
        } catch {
            if error != .again && error != .interrupted { owner.ended(name.place) }
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
            var allowance = Self.allowance
            switch owner.respond(to: line, of: name) {
            case .now(let line): answer = line
            case .later(let longer):
                isWaiting = true
                allowance = longer
            }
            reactor.cancelTimer(&timer)
            timer = reactor.startTimer(at: now + allowance, handler: self)
            if isWaiting { return }
        }
        if peerEnded || received.count > Self.maxLine { owner.ended(name.place) }
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
