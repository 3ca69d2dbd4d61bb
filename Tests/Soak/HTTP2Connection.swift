// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Shared

/// An HTTP/2 connection with many requests, of which most are left by RST_STREAM and the last ones with the connection.
/// Frames are made by hand (RFC 9113), header fields as literals (RFC 7541 section 6.2.2); what comes back is only looked
/// at as far as needed: that it is a response, and whether it ends.
final class HTTP2Connection: EventHandler, TimerHandler {
    private struct Stream {
        let id: Int
        let state: RequestState
        var isReached = false
        var hasHead = false
        var timer = Reactor.Timer.none
    }

    private enum Phase {
        case connecting
        case handshake
        case open
        case lingering
        case done
    }

    private unowned let driver: Driver
    private let number: Int
    private let target: SocketAddress
    private var phase = Phase.connecting
    private var fd: Int32 = -1
    private var registration = Reactor.Registration.none
    private var timer = Reactor.Timer.none
    private var tls: ClientTLS?
    private var output: [UInt8] = []
    private var input: [UInt8] = []
    private var room = [UInt8](repeating: 0, count: 32_768)
    private var streams: [UInt32: Stream] = [:]
    private var nextStream: UInt32 = 1
    private var opened = 0
    private let opensAtMost: Int
    /// Requests whose RST_STREAM waits behind other frames for the gateway to read: they have not left yet.
    private var unsentResets: [Int] = []

    /// Streams at once.
    static let width = 60

    init(_ driver: Driver, number: Int, to target: SocketAddress) {
        self.driver = driver
        self.number = number
        self.target = target
        // A gateway may well take a few hundred requests that are left unanswered on one connection for an attack.
        opensAtMost = driver.holds ? 100 : 100 + number % 50
    }

    private var kernel: any Kernel { driver.reactor.kernel }

    func start() {
        fd = kernel.socket(for: target)
        guard fd >= 0, [0, -EINPROGRESS].contains(kernel.connect(fd, to: target)),
            let made = try? driver.reactor.register(fd, .write, handler: self)
        else { return end(reset: true) }
        registration = made
        // Without delay: a reset that waits in our own kernel (Nagle) would be counted against the gateway.
        kernel.prepareStream(fd, userTimeout: .seconds(60))
        // The requests are taken now, so that the driver knows how many there are.
        openStreams()
        timer = driver.reactor.startTimer(at: driver.reactor.now + .seconds(20), handler: self)
    }

    // MARK: Events

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        switch phase {
        case .connecting:
            guard kernel.pendingError(fd) == 0, let context = driver.tls,
                let session = ClientTLS(context, fd, resumes: driver.random.chance(70))
            else { return end(reset: true) }
            tls = session
            phase = .handshake
            shakeHands()
        case .handshake: shakeHands()
        case .open:
            receive()
            flush()
        case .lingering: receive()
        case .done: break
        }
    }

    func timerFired(tag: UInt32, now: Instant) {
        if tag == 0 {
            timer = .none
            if phase == .lingering || phase == .connecting || phase == .handshake { end(reset: false) }
            return
        }
        streams[tag]?.timer = .none
        leave(tag)
    }

    private func shakeHands() {
        switch tls?.handshake() {
        case .done:
            phase = .open
            driver.reactor.cancelTimer(&timer)
            var preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
            // ENABLE_PUSH = 0, and the connection's window as wide as it goes: only streams' own windows close.
            preface += Self.frame(4, 0, 0, [0, 2, 0, 0, 0, 0]) + Self.frame(8, 0, 0, Self.word(0x7fff_ffff - 65_535))
            output = preface + output
            for (number, stream) in streams where !stream.state.needsResponse { hold(number) }
            flush()
        case .wantsRead: driver.reactor.setInterest(registration, .read)
        case .wantsWrite: driver.reactor.setInterest(registration, .write)
        case .lost, nil: end(reset: true)
        }
    }

    // MARK: Streams

    private func openStreams() {
        while streams.count < Self.width || driver.holds, opened < opensAtMost, let (id, state) = driver.next() {
            let number = nextStream
            nextStream += 2
            opened += 1
            streams[number] = Stream(id: id, state: state)
            let head = driver.head(id, state)
            output += Self.frame(1, head.bodyLength > 0 ? 4 : 5, number, Self.fields(head))
            if head.bodyLength > 0 {
                output += Self.frame(0, 0, number, [UInt8](repeating: 0x78, count: RequestHead.bodySent))
            }
            if phase == .open, !state.needsResponse { hold(number) }
        }
    }

    private func hold(_ number: UInt32) {
        guard let stream = streams[number], !stream.isReached else { return }
        streams[number]?.isReached = true
        driver.ledger.reached(stream.id)
        guard !driver.holds else { return }
        let deadline = driver.reactor.now + driver.holdTime()
        streams[number]?.timer = driver.reactor.startTimer(at: deadline, handler: self, tag: number)
    }

    /// Takes one request back.
    private func leave(_ number: UInt32) {
        guard phase == .open, let stream = streams.removeValue(forKey: number) else { return }
        unsentResets.append(stream.id)
        output += Self.frame(3, 0, number, Self.word(8))
        driver.requestEnded(abandoned: true)
        replace()
        flush()
    }

    /// A stream is over: opens another, or ends the connection when it has had its share.
    private func replace() {
        openStreams()
        if streams.count <= (opened >= opensAtMost ? Self.width / 2 : 0) { leaveAll() }
    }

    /// Leaves with all that is still open.
    func leaveAll() {
        guard phase != .lingering, phase != .done else { return }
        guard phase == .open else { return end(reset: true) }
        resetsLeft(kernel.now())
        let way = driver.random.pick([Way.fin, .reset, .tlsClose])
        let now = kernel.now().nanoseconds
        for stream in streams.values where stream.isReached || driver.isWave {
            driver.ledger.left(stream.id, way, at: now)
        }
        endStreams(leaving: true)
        if way == .reset { return end(reset: true) }
        if way == .tlsClose { tls?.notifyClose() }
        kernel.shutdownWrite(fd)
        phase = .lingering
        driver.reactor.setInterest(registration, .read)
        timer = driver.reactor.startTimer(at: driver.reactor.now + .seconds(5), handler: self)
    }

    private func endStreams(leaving: Bool) {
        let all = streams.sorted { $0.key < $1.key }.map(\.value)
        streams = [:]
        for var stream in all {
            driver.reactor.cancelTimer(&stream.timer)
            let abandoned = leaving && (stream.isReached || driver.isWave)
            if !abandoned { driver.ledger.overtaken(stream.id) }
            driver.requestEnded(abandoned: abandoned)
        }
    }

    /// The other side ended it.
    private func overtaken(_ number: UInt32) {
        guard var stream = streams.removeValue(forKey: number) else { return }
        driver.reactor.cancelTimer(&stream.timer)
        driver.ledger.overtaken(stream.id)
        driver.requestEnded(abandoned: false)
        replace()
    }

    // MARK: Frames

    private func receive() {
        for _ in 0..<8 {
            let outcome = unsafe room.withUnsafeMutableBytes { unsafe tls?.read($0) ?? .lost }
            switch outcome {
            case .done(let count):
                guard phase == .open else { continue }
                input += room[..<count]
                takeFrames()
            case .wantsRead, .wantsWrite: return
            case .lost: return end(reset: false)
            }
        }
    }

    private func takeFrames() {
        var at = 0
        while input.count - at >= 9, phase == .open {
            let length = Int(input[at]) << 16 | Int(input[at + 1]) << 8 | Int(input[at + 2])
            guard input.count - at >= 9 + length else { break }
            let number = input[(at + 5)..<(at + 9)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
            let payload = input[(at + 9)..<(at + 9 + length)]
            take(type: input[at + 3], flags: input[at + 4], number, payload)
            at += 9 + length
        }
        input.removeFirst(min(at, input.count))
    }

    private func take(type: UInt8, flags: UInt8, _ number: UInt32, _ payload: ArraySlice<UInt8>) {
        switch type {
        case 0, 1:
            guard let stream = streams[number] else { return }
            if flags & 1 != 0 { return overtaken(number) }
            if type == 1 {
                streams[number]?.hasHead = true
            } else if stream.state.needsResponse {
                hold(number)
            }
        case 3: overtaken(number)
        case 4 where flags & 1 == 0: output += Self.frame(4, 1, 0, [])
        case 6 where flags & 1 == 0: output += Self.frame(6, 1, 0, Array(payload))
        case 7: end(reset: false)
        default: break
        }
    }

    private func flush() {
        guard phase == .open, let tls else { return }
        while !output.isEmpty {
            let now = kernel.now()
            switch unsafe output.withUnsafeBytes({ unsafe tls.write($0) }) {
            case .done(let count):
                output.removeFirst(count)
                if output.isEmpty { resetsLeft(now) }
            case .wantsRead, .wantsWrite: return driver.reactor.setInterest(registration, [.read, .write])
            case .lost: return end(reset: false)
            }
        }
        driver.reactor.setInterest(registration, .read)
    }

    private func resetsLeft(_ now: Instant) {
        for id in unsentResets { driver.ledger.left(id, .streamReset, at: now.nanoseconds) }
        unsentResets.removeAll(keepingCapacity: true)
    }

    private func end(reset: Bool) {
        guard phase != .done else { return }
        phase = .done
        resetsLeft(kernel.now())
        endStreams(leaving: false)
        driver.reactor.cancelTimer(&timer)
        driver.reactor.remove(&registration)
        tls = nil
        if fd >= 0 { kernel.close(fd, reset: reset) }
        driver.connectionEnded(number)
    }

    private static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        [UInt8(payload.count >> 16), UInt8(payload.count >> 8 & 255), UInt8(payload.count & 255), type, flags]
            + word(stream) + payload
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    /// A header block: `:method` and `:scheme` by the static table, the rest as literals that are not indexed.
    private static func fields(_ head: RequestHead) -> [UInt8] {
        var block: [UInt8] = [head.method == "GET" ? 0x82 : 0x83, 0x87]
        block += [0x04] + string(head.path)
        block += [0x01] + string("gateway.test")
        // 23: authorization, in an integer of 4 bits and one byte more.
        block += [0x0f, 0x08] + string("Bearer " + head.token)
        return block
    }

    /// RFC 7541 section 5.2, without Huffman.
    private static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var length: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            length.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }
}
