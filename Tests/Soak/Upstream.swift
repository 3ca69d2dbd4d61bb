// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Shared

/// The API server of the soak, in a process of its own: accepts, stalls, trickles, floods and dies, as each request's
/// target says, and writes into the ledger when each arrived and when its connection was given up.
final class Upstream: EventHandler, TimerHandler {
    let reactor: Reactor
    let ledger: Ledger
    private let listener: ListeningSocket
    private var registration = Reactor.Registration.none
    private var connections: [Int: UpstreamConnection] = [:]
    private var lastNumber = 0
    private var stalls = false

    init(address: SocketAddress, ledger: Ledger) throws {
        reactor = Reactor(kernel: try LinuxKernel())
        self.ledger = ledger
        listener = try ListeningSocket(binding: address, ipv6Only: false)
        registration = try reactor.register(listener.raw, .read, handler: self)
        _ = reactor.startTimer(at: reactor.now + .milliseconds(10), handler: self)
    }

    func run() { reactor.run() }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        var peer = SocketAddress.unspecified
        for _ in 0..<256 {
            guard let socket = try? listener.accept(&peer) else { return }
            lastNumber += 1
            let number = lastNumber
            // Little is buffered here, so that back-pressure is soon seen.
            _ = lg_set_option(socket.raw, SOL_SOCKET, SO_SNDBUF, 32_768)
            ledger[.upstreamAccepted] = UInt64(number)
            connections[number] = UpstreamConnection(self, number: number, socket.release())
            ledger[.upstreamOpen] = UInt64(connections.count)
        }
    }

    /// Does what the conductor wants.
    func timerFired(tag: UInt32, now: Instant) {
        _ = reactor.startTimer(at: now + .milliseconds(10), handler: self)
        let wanted = ledger[.upstreamStalls] == 1
        guard wanted != stalls else { return }
        stalls = wanted
        // A full backlog lets SYNs go unanswered: whoever connects waits.
        _ = lg_listen(listener.raw, stalls ? 1 : ListeningSocket.backlog)
        reactor.setInterest(registration, stalls ? [] : .read)
        guard stalls else { return }
        for connection in Array(connections.values) where connection.isIdle { connection.close(reset: false) }
    }

    func closed(_ number: Int) {
        connections[number] = nil
        ledger[.upstreamOpen] = UInt64(connections.count)
    }
}

/// One connection of the gateway's.
final class UpstreamConnection: EventHandler, TimerHandler {
    private unowned let upstream: Upstream
    private let number: Int
    private let fd: Int32
    private var registration = Reactor.Registration.none
    private var timer = Reactor.Timer.none
    private var head: [UInt8] = []
    private var room = [UInt8](repeating: 0, count: 16_384)
    private var request: (id: Int, behaviour: Behaviour)?
    private var isClosed = false
    private static let block = [UInt8](repeating: 0x78, count: 65_536)

    init(_ upstream: Upstream, number: Int, _ fd: Int32) {
        self.upstream = upstream
        self.number = number
        self.fd = fd
        upstream.reactor.kernel.prepareStream(fd, userTimeout: .seconds(60))
        if let made = try? upstream.reactor.register(fd, [.read, .hangup], handler: self) { registration = made }
    }

    var isIdle: Bool { request == nil }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        if !readiness.isDisjoint(with: [.peerClosed, .failed]) {
            close(reset: false)
            return
        }
        if readiness.contains(.readable) { read(now) }
        if !isClosed, readiness.contains(.writable) { flood() }
    }

    private func read(_ now: Instant) {
        for _ in 0..<8 {
            let kernel = upstream.reactor.kernel
            let count = unsafe room.withUnsafeMutableBytes { unsafe kernel.read(fd, into: $0) }
            guard count > 0 else {
                if count == 0 || count != -Int(EAGAIN) { close(reset: false) }
                return
            }
            if request == nil {
                head += room[..<count]
                parse(now)
            } else if request?.behaviour == .tunnel {
                write(room[..<count])
            }
            if isClosed || count < room.count { return }
        }
    }

    private func parse(_ now: Instant) {
        guard let end = Self.find([13, 10, 13, 10], in: head, from: 0) else { return }
        let bytes = head
        head = []
        guard let mark = Self.find(Array("soak=".utf8), in: bytes, from: 0), mark + 6 < end else {
            return write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        var id = 0
        for byte in bytes[(mark + 6)...] {
            guard byte >= 48, byte < 58 else { break }
            id = id * 10 + Int(byte - 48)
        }
        let behaviour = Behaviour(rawValue: Character(Unicode.Scalar(bytes[mark + 5]))) ?? .stall
        request = (id, behaviour)
        upstream.ledger.arrived(id, at: now.nanoseconds)
        begin(id, behaviour, bytes, now)
    }

    private func begin(_ id: Int, _ behaviour: Behaviour, _ bytes: [UInt8], _ now: Instant) {
        switch behaviour {
        case .stall: break
        case .race, .die: startTimer(.milliseconds(id * 7 % 50), now)
        case .trickle, .trickleAndDie, .watch:
            write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            chunk()
            startTimer(behaviour == .watch ? .seconds(5) : .milliseconds(20), now)
        case .flood:
            write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n")
            flood()
        case .tunnel:
            let text = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
            let line = text.first { $0.lowercased().hasPrefix("upgrade:") } ?? "Upgrade: SPDY/3.1"
            write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\(line)\r\n\r\nhello")
        case .body:
            if id % 2 == 0 { upstream.reactor.setInterest(registration, [.hangup]) }
        }
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        guard let request, !isClosed else { return }
        switch request.behaviour {
        case .race:
            write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            guard !isClosed else { return }
            upstream.ledger.gone(request.id, at: now.nanoseconds)
            self.request = nil
        case .die: die()
        case .trickleAndDie where request.id % 4 == 0: die()
        case .trickle, .trickleAndDie, .watch:
            chunk()
            startTimer(request.behaviour == .watch ? .seconds(5) : .milliseconds(20), now)
        default: break
        }
    }

    private func startTimer(_ delay: Duration, _ now: Instant) {
        if !isClosed { timer = upstream.reactor.startTimer(at: now + delay, handler: self) }
    }

    private func chunk() {
        write("64\r\n\(String(repeating: "x", count: 99))\n\r\n")
    }

    private func flood() {
        guard request?.behaviour == .flood else { return }
        for _ in 0..<8 {
            let kernel = upstream.reactor.kernel
            let count = unsafe Self.block.withUnsafeBytes { unsafe kernel.write(fd, from: $0) }
            guard count >= 0 else {
                if count != -Int(EAGAIN) { return close(reset: false) }
                upstream.ledger[.upstreamBlockedWrites] += 1
                break
            }
        }
        upstream.reactor.setInterest(registration, [.write, .hangup])
    }

    private func write(_ text: String) { write(Array(text.utf8)[...]) }

    /// What does not fit is not sent: nothing here is so long, and nobody would miss it.
    private func write(_ bytes: ArraySlice<UInt8>) {
        guard !isClosed else { return }
        let kernel = upstream.reactor.kernel
        let count = unsafe bytes.withUnsafeBytes { unsafe kernel.write(fd, from: $0) }
        if count < 0, count != -Int(EAGAIN) { close(reset: false) }
    }

    private func die() {
        upstream.ledger[.upstreamDeaths] += 1
        close(reset: true)
    }

    func close(reset: Bool) {
        guard !isClosed else { return }
        isClosed = true
        if let request { upstream.ledger.gone(request.id, at: upstream.reactor.kernel.now().nanoseconds) }
        upstream.reactor.cancelTimer(&timer)
        upstream.reactor.remove(&registration)
        upstream.reactor.kernel.close(fd, reset: reset)
        upstream.closed(number)
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        for index in start...(bytes.count - pattern.count)
        where bytes[index] == pattern[0] && bytes[index..<(index + pattern.count)].elementsEqual(pattern) {
            return index
        }
        return nil
    }
}
