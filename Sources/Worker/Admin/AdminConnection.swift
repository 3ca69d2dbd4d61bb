// SPDX-License-Identifier: Apache-2.0

import Shared

/// Who answers requests of admin connections, and hears of their ends.
protocol AdminConnectionOwner: AnyObject {
    var reactor: Reactor { get }
    var buffers: BufferPool { get }
    var fields: FieldTable { get }
    func claimed(_ id: UInt64)
    func closed(_ id: UInt64)
    func answer(to request: AdminRequest) -> AdminResponse
}

/// One connection to the admin listener: one request, one answer, then it closes. All of it has one deadline.
final class AdminConnection: EventHandler, TimerHandler {
    private enum Phase {
        case handshake
        case head
        case answering
        /// We have said our last word; what still comes is dropped, since a close over unread bytes would be a reset.
        case lingering
        case closed
    }

    static let limits = HeadLimits(startLine: 4_096, head: 8_192, fields: 64)
    private static let allowance = Duration.seconds(10)
    private static let lingerBytes = 65_536

    private let id: UInt64
    private unowned let owner: any AdminConnectionOwner
    private var socket: StreamSocket?
    private var phase = Phase.head
    private var timer = Reactor.Timer.none
    private var isClaimed = false
    private var scan = HeadScan()
    private let receive: Buffer
    private let send: Buffer
    private var answer: [UInt8] = []
    private var sent = 0
    private var lingered = 0

    init(id: UInt64, owner: any AdminConnectionOwner) {
        self.id = id
        self.owner = owner
        receive = Buffer(pool: owner.buffers)
        send = Buffer(pool: owner.buffers)
    }

    /// Takes the socket over. Nothing is read before it is readable.
    func open(_ descriptor: consuming FileDescriptor, tls context: TLSContext?) {
        do {
            let socket = try StreamSocket(
                reactor: owner.reactor, owning: descriptor.release(), interest: [.read, .hangup], handler: self)
            self.socket = socket
            socket.prepare(userTimeout: Self.allowance)
            timer = owner.reactor.startTimer(at: owner.reactor.now + Self.allowance, handler: self)
            if let context {
                phase = .handshake
                try socket.startTLS(accepting: context)
            }
        } catch {
            close(reset: true)
        }
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        close(reset: phase != .lingering)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        if readiness.contains(.failed) {
            close(reset: true)
        } else {
            work()
        }
        if !isClaimed, phase != .closed {
            isClaimed = true
            owner.claimed(id)
        }
    }

    /// Goes on as far as it can.
    private func work() {
        if phase == .handshake {
            switch socket?.handshake() {
            case .complete:
                phase = .head
                socket?.want(.readAndHangup)
            case .pending: return
            case .failed, nil: return close(reset: false)
            }
        }
        while phase == .head {
            guard readHead() else { return }
        }
        if phase == .answering { sendAnswer() }
        if phase == .lingering { linger() }
    }

    /// False: there is nothing more to do now.
    private func readHead() -> Bool {
        guard let socket, receive.reserve(1_024) else {
            close(reset: true)
            return false
        }
        switch socket.receive(into: receive) {
        case .moved: break
        case .blocked:
            socket.want(.readAndHangup)
            return false
        case .endOfStream, .lost, .noBuffer:
            close(reset: false)
            return false
        }
        let response: AdminResponse? = receive.view { bytes in
            switch RequestHeadParser.parse(bytes, scan: &scan, into: owner.fields, limits: Self.limits) {
            case .incomplete: return nil
            case .refused(let fault): return AdminResponse(status: fault.status, text: "\(fault.message)\n")
            case .complete(let head): return owner.answer(to: AdminRequest(head, in: bytes))
            }
        }
        guard let response else { return true }
        receive.discardAll()
        answer = response.bytes(date: owner.reactor.kernel.wallClock())
        phase = .answering
        return true
    }

    private func sendAnswer() {
        guard let socket else { return }
        while true {
            while sent < answer.count {
                let piece = min(answer.count - sent, 16_384)
                guard send.isEmpty else { break }
                guard send.reserve(piece) else { return close(reset: true) }
                send.append(Array(answer[sent..<sent + piece]))
                sent += piece
            }
            if send.isEmpty { break }
            switch socket.send(from: send) {
            case .moved: continue
            case .blocked: return socket.want([.write, .hangup])
            case .endOfStream, .lost, .noBuffer: return close(reset: true)
            }
        }
        answer = []
        send.giveBackIfEmpty()
        phase = .lingering
        socket.finishSending()
        socket.want(.readAndHangup)
    }

    private func linger() {
        guard let socket else { return }
        while lingered < Self.lingerBytes, receive.reserve(4_096) {
            switch socket.receive(into: receive) {
            case .moved(let count):
                lingered += count
                receive.consume(count)
            case .blocked: return
            case .endOfStream, .lost, .noBuffer: return close(reset: false)
            }
        }
        close(reset: false)
    }

    func close(reset: Bool) {
        guard phase != .closed else { return }
        phase = .closed
        owner.reactor.cancelTimer(&timer)
        socket?.close(reset: reset)
        socket = nil
        receive.discardAll()
        send.discardAll()
        owner.closed(id)
    }
}
