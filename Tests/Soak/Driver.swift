// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Shared

/// A client process: keeps so many requests going at once, and leaves each in the state that it is for, until `quota`
/// were abandoned. With `hold`, it leaves none before SIGTERM: then all, and the process ends (or it is killed).
final class Driver: EventHandler, TimerHandler {
    let reactor: Reactor
    let ledger: Ledger
    let transport: ClientOptions.Transport
    let tls: ClientTLSContext?
    let holds: Bool
    /// These are the held watches of a wave.
    let isWave: Bool
    var random: SoakRandom
    private let token: String
    private let unknownToken: String
    private let targets: [SocketAddress]
    private let states: [RequestState]
    private let quota: Int
    private let concurrency: Int
    private let idEnd: Int
    private var nextID: Int
    private var active = 0
    private var abandoned = 0
    private(set) var isLeaving = false
    private var attempts: [Int: Attempt] = [:]
    private var connections: [Int: HTTP2Connection] = [:]
    private var lastNumber = 0
    private let signals: Int32
    private var isFillPlanned = false

    init(_ options: ClientOptions) throws {
        reactor = Reactor(kernel: try LinuxKernel())
        ledger = try Ledger(try options.text("ledger"))
        transport = try options.transport()
        tls = transport == .plain ? nil : try ClientTLSContext(speaksHTTP2: transport == .http2)
        token = String(decoding: try FileReader.read(try options.text("token")), as: UTF8.self)
        unknownToken = String(decoding: try FileReader.read(try options.text("unknown-token")), as: UTF8.self)
        targets = try options.addresses()
        states = try options.states()
        quota = try options.number("quota")
        concurrency = try options.number("concurrency")
        nextID = try options.number("first")
        idEnd = nextID + (try options.number("ids"))
        holds = try options.number("hold") == 1
        isWave = try options.number("wave") == 1
        random = SoakRandom(seed: UInt64(nextID + 1))
        signals = unsafe lg_signal_descriptor([SIGTERM], 1)
        guard signals >= 0 else { throw SoakError.failed("no signal descriptor") }
        _ = try reactor.register(signals, .read, handler: self)
    }

    func run() {
        fill()
        reactor.run()
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        guard lg_read_signal(signals) != 0 else { return }
        isLeaving = true
        for attempt in Array(attempts.values) { attempt.leave() }
        for connection in Array(connections.values) { connection.leaveAll() }
        endIfDone()
    }

    func timerFired(tag: UInt32, now: Instant) {
        isFillPlanned = false
        fill()
    }

    // MARK: Requests

    private var wantsMore: Bool {
        !isLeaving && active < concurrency && nextID < idEnd && (holds || abandoned + active < quota)
    }

    private func fill() {
        while wantsMore {
            if transport == .http2 {
                lastNumber += 1
                let connection = HTTP2Connection(self, number: lastNumber, to: random.pick(targets))
                connections[lastNumber] = connection
                connection.start()
                if connections[lastNumber] == nil { return planFill() }
            } else {
                guard let (id, state) = next() else { break }
                let attempt = Attempt(self, id, state, random.pick(targets))
                attempts[id] = attempt
                attempt.start()
            }
        }
        endIfDone()
    }

    /// The next request's number and state; nil: it is enough.
    func next() -> (id: Int, state: RequestState)? {
        guard wantsMore else { return nil }
        defer { nextID += 1 }
        active += 1
        let state = random.pick(states)
        ledger.begin(nextID, state, held: isWave)
        return (nextID, state)
    }

    func head(_ id: Int, _ state: RequestState) -> RequestHead {
        RequestHead(id, state, token: state == .authenticating ? unknownToken : token, &random)
    }

    /// How long a request stays in its state, before it is left.
    func holdTime() -> Duration { random.chance(15) ? .zero : .microseconds(random.below(60_000)) }

    func attemptEnded(_ id: Int, abandoned: Bool) {
        attempts[id] = nil
        requestEnded(abandoned: abandoned)
    }

    func requestEnded(abandoned wasAbandoned: Bool) {
        active -= 1
        if wasAbandoned { abandoned += 1 }
        planFill(after: wasAbandoned ? .zero : .milliseconds(states == [.authenticating] ? 200 : 5))
    }

    func connectionEnded(_ number: Int) {
        connections[number] = nil
        planFill()
    }

    private func planFill(after delay: Duration = .milliseconds(1)) {
        guard !isFillPlanned else { return }
        isFillPlanned = true
        _ = reactor.startTimer(at: reactor.now + delay, handler: self)
    }

    private func endIfDone() {
        let isDone = isLeaving || (!holds && (abandoned >= quota || nextID >= idEnd))
        if isDone, active == 0, attempts.isEmpty, connections.isEmpty { reactor.stop() }
    }
}

/// What a request says.
struct RequestHead {
    let method: String
    let path: String
    let token: String
    let isUpgrade: Bool
    let bodyLength: Int
    /// Of the body, what is sent.
    static let bodySent = 12_000

    init(_ id: Int, _ state: RequestState, token: String, _ random: inout SoakRandom) {
        let behaviour: Behaviour =
            switch state {
            case .awaitingResponse: random.pick([.stall, .stall, .stall, .race, .die])
            case .responseStreaming: random.pick([.trickle, .trickle, .trickle, .trickleAndDie])
            case .responseBackPressured: .flood
            case .requestBody: .body
            case .watch: .watch
            case .tunnel: .tunnel
            default: .stall
            }
        let mark = "soak=\(behaviour.rawValue)\(id)"
        let pods = "/api/v1/namespaces/soak/pods"
        self.token = token
        method = state == .requestBody || state == .tunnel ? "POST" : "GET"
        bodyLength = state == .requestBody ? 4 * Self.bodySent : 0
        isUpgrade = state == .tunnel
        path =
            switch state {
            case .watch: "\(pods)?watch=true&\(mark)"
            case .tunnel: "\(pods)/web-0/exec?command=sh&\(mark)"
            case .requestBody: "\(pods)?\(mark)"
            default: "\(pods)/web-0?\(mark)"
            }
    }

    /// As HTTP/1.1.
    var lines: [UInt8] {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer \(token)\r\n"
        if isUpgrade {
            text += "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n"
        }
        if bodyLength > 0 { text += "Content-Type: application/json\r\nContent-Length: \(bodyLength)\r\n" }
        return Array((text + "\r\n").utf8)
    }
}
