// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Shared

/// One request on an HTTP/1.1 connection of its own: brought to its state, held there for a moment, and left.
final class Attempt: EventHandler, TimerHandler {
    private enum Phase {
        case connecting
        case handshake
        case sending
        /// For the response's first bytes.
        case waiting
        case holding
        /// FIN is sent: until the gateway closes, too.
        case lingering
        case done
    }

    private unowned let driver: Driver
    private let id: Int
    private let state: RequestState
    private let target: SocketAddress
    private var phase = Phase.connecting
    private var fd: Int32 = -1
    private var registration = Reactor.Registration.none
    private var timer = Reactor.Timer.none
    private var tls: ClientTLS?
    private var output: [UInt8] = []
    private var sent = 0
    private var room = [UInt8](repeating: 0, count: 8_192)
    private var hasSeenResponse = false
    private var wasAbandoned = false

    /// Until it is in its state, and until a gateway closes that was sent FIN.
    private static let patience = Duration.seconds(20)

    init(_ driver: Driver, _ id: Int, _ state: RequestState, _ target: SocketAddress) {
        self.driver = driver
        self.id = id
        self.state = state
        self.target = target
    }

    private var kernel: any Kernel { driver.reactor.kernel }

    func start() {
        fd = kernel.socket(for: target)
        guard fd >= 0 else { return end() }
        if state == .responseBackPressured { _ = lg_set_option(fd, SOL_SOCKET, SO_RCVBUF, 4_096) }
        let result = kernel.connect(fd, to: target)
        guard result == 0 || result == -EINPROGRESS,
            let made = try? driver.reactor.register(fd, .write, handler: self)
        else { return end() }
        registration = made
        // Without delay: what waits in our own kernel (Nagle) would be counted against the gateway.
        kernel.prepareStream(fd, userTimeout: .seconds(60))
        setTimer(Self.patience)
    }

    // MARK: Events

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        switch phase {
        case .connecting:
            guard kernel.pendingError(fd) == 0 else { return end() }
            connected()
        case .handshake: shakeHands()
        case .sending: send()
        case .waiting, .holding, .lingering: receive()
        case .done: break
        }
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        switch phase {
        case .holding: leave()
        case .done: break
        default: end()
        }
    }

    private func setTimer(_ delay: Duration) {
        driver.reactor.cancelTimer(&timer)
        timer = driver.reactor.startTimer(at: driver.reactor.now + delay, handler: self)
    }

    private func connected() {
        if let context = driver.tls {
            if state == .tlsHandshake, id % 3 == 0 {
                // The beginning of a ClientHello that announces more.
                output = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3] + [UInt8](repeating: UInt8(id % 251), count: 40)
                phase = .sending
                return send()
            }
            tls = ClientTLS(context, fd, resumes: driver.random.chance(70))
            phase = .handshake
            return shakeHands()
        }
        prepareRequest()
    }

    private func shakeHands() {
        switch tls?.handshake() {
        // The server may have been quicker than we with looking again.
        case .done where state == .tlsHandshake: hold()
        case .done: prepareRequest()
        case .wantsRead:
            driver.reactor.setInterest(registration, .read)
            if state == .tlsHandshake { hold() }
        case .wantsWrite: driver.reactor.setInterest(registration, .write)
        case .lost, nil: end()
        }
    }

    private func prepareRequest() {
        let head = driver.head(id, state)
        output = head.lines
        if state == .head {
            output.removeLast(output.count / 2)
        } else if head.bodyLength > 0 {
            output += [UInt8](repeating: 0x78, count: RequestHead.bodySent)
        }
        phase = .sending
        send()
    }

    private func send() {
        while sent < output.count {
            switch write() {
            case .done(let count): sent += count
            case .wantsRead: return driver.reactor.setInterest(registration, .read)
            case .wantsWrite: return driver.reactor.setInterest(registration, .write)
            case .lost: return end()
            }
        }
        driver.reactor.setInterest(registration, [.read])
        if state.needsResponse { phase = .waiting } else { hold() }
    }

    private func hold() {
        phase = .holding
        driver.ledger.reached(id)
        if state == .responseBackPressured || state == .tlsHandshake { driver.reactor.setInterest(registration, []) }
        if driver.holds {
            driver.reactor.cancelTimer(&timer)
        } else {
            // A server under back-pressure needs a moment to fill what lies between.
            setTimer(driver.holdTime() + (state == .responseBackPressured ? .milliseconds(40) : .zero))
        }
    }

    private func receive() {
        for _ in 0..<4 {
            switch read() {
            case .done(let count) where count > 0:
                guard phase != .lingering else { continue }
                guard state.needsResponse, hasSeenResponse || isGranted(count) else { return end() }
                hasSeenResponse = true
                if phase == .waiting { hold() }
                if phase == .holding, state == .responseBackPressured { return }
            case .wantsRead: return
            case .wantsWrite: return
            case .done, .lost: return end()
            }
        }
    }

    /// Whether the response is the one that was asked for, not the gateway's own.
    private func isGranted(_ count: Int) -> Bool {
        count > 12 && room[9] == (state == .tunnel ? 0x31 : 0x32)
    }

    // MARK: Bytes

    private func write() -> Outcome {
        unsafe output.withUnsafeBytes { bytes in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
            if let tls { return unsafe tls.write(rest) }
            return Self.outcome(unsafe kernel.write(fd, from: rest), blocked: .wantsWrite)
        }
    }

    private func read() -> Outcome {
        unsafe room.withUnsafeMutableBytes { bytes in
            if let tls, phase != .lingering { return unsafe tls.read(bytes) }
            return Self.outcome(unsafe kernel.read(fd, into: bytes), blocked: .wantsRead)
        }
    }

    private static func outcome(_ result: Int, blocked: Outcome) -> Outcome {
        if result >= 0 { return .done(result) }
        return result == -Int(EAGAIN) ? blocked : .lost
    }

    // MARK: Ends

    /// The client goes.
    func leave() {
        guard phase != .lingering, phase != .done else { return }
        guard phase == .holding || driver.isWave else { return end() }
        let ways: [Way] = tls == nil ? [.fin, .reset] : [.fin, .reset, .tlsClose]
        let way = driver.random.pick(ways)
        wasAbandoned = true
        driver.ledger.left(id, way, at: kernel.now().nanoseconds)
        switch way {
        case .fin, .tlsClose:
            if way == .tlsClose { tls?.notifyClose() }
            kernel.shutdownWrite(fd)
            phase = .lingering
            driver.reactor.setInterest(registration, state == .responseBackPressured ? [] : .read)
            setTimer(state == .responseBackPressured ? .seconds(3) : Self.patience)
        case .reset, .streamReset, .killed: end(reset: true)
        }
    }

    private func end(reset: Bool = false) {
        guard phase != .done else { return }
        phase = .done
        if !wasAbandoned { driver.ledger.overtaken(id) }
        driver.reactor.cancelTimer(&timer)
        driver.reactor.remove(&registration)
        tls = nil
        if fd >= 0 { kernel.close(fd, reset: reset) }
        driver.attemptEnded(id, abandoned: wasAbandoned)
    }
}
