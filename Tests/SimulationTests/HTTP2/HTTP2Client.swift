// SPDX-License-Identifier: Apache-2.0

import Shared

/// A client that speaks HTTP/2: several requests at once on one connection, each within its windows; it checks every
/// byte, takes requests back by RST_STREAM, and leaves in many ways.
final class HTTP2Client: SocketWatcher, SimulatedVisitor {
    /// One request on its stream.
    private final class Stream {
        let id: UInt32
        let plan: RequestPlan
        var bodySent = 0
        var window = 65_535
        var isUpstreams = false
        var hasHead = false
        var received = 0
        /// Body bytes that its window was not opened for yet.
        var withheld = 0

        init(_ id: UInt32, _ plan: RequestPlan) {
            self.id = id
            self.plan = plan
        }
    }

    private enum Manner: CaseIterable {
        case finish
        case halfClose
        case reset
        case vanish
        case stall
    }

    private unowned let world: World
    private let listener: Listener
    private let number: Int
    private let total: Int
    private var random: Random
    private var waiting: [RequestPlan]
    private var streams: [Stream] = []
    private var endpoint: Endpoint?
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var written = 0
    private var connectionWindow = 65_535
    private var initialWindow = 65_535
    private var nextStream: UInt32 = 1
    private var block: (stream: UInt32, endsStream: Bool, bytes: [UInt8])?
    private var inflater = HeaderInflater()
    private var goesAway = false
    private var connections = 0
    private var completed = 0
    private var stepPlanned = false
    private var isPaused = false
    private var readsSlowly = false
    private var withholds = false
    /// The resets that are on their way: how many bytes must have arrived before each was.
    private var resets: [(plan: RequestPlan, offset: Int)] = []
    private var width = 1
    var onConnected: (Endpoint, SocketAddress) -> Void = { _, _ in }
    var onReset: (RequestPlan) -> Void = { _ in }

    init(world: World, number: Int, plans: [RequestPlan], listener: Listener) {
        self.world = world
        self.number = number
        self.listener = listener
        waiting = plans
        total = plans.count
        var random = Random(seed: world.scenario.seed, stream: UInt64(5_000 + number))
        let start = random.milliseconds(0...(world.scenario.activeSeconds * 900))
        self.random = random
        world.after(start) { [weak self] in self?.connect() }
    }

    /// Its addresses differ from those of clients that speak HTTP/1.
    static func isOne(_ peer: SocketAddress) -> Bool { peer.low & 0x8000 != 0 }

    var isDone: Bool { waiting.isEmpty && streams.isEmpty }
    var allCompleted: Bool { completed == total }
    var watches: Int {
        guard let endpoint, !endpoint.isCutOff, endpoint.brokenBy == 0 else { return 0 }
        return streams.count(where: \.plan.isLongRunning)
    }

    // MARK: Connections

    private func connect() {
        guard !world.isSilent, endpoint == nil, !waiting.isEmpty else { return }
        connections += 1
        let (near, far) = Endpoint.pair(world: world, random: &random)
        let peer = SocketAddress(
            family: .ipv4, port: UInt16(1_000 + connections), high: 0, low: UInt64(0x0a01_8000 + number))
        endpoint = near
        near.watcher = self
        (input, written, nextStream, block) = ([], 0, 1, nil)
        (connectionWindow, initialWindow, goesAway, isPaused) = (65_535, 65_535, false, false)
        inflater = HeaderInflater()
        resets = []
        width = random.pick([1, 3, 8])
        readsSlowly = world.scenario.has(.clientsReadSlowly) && random.chance(50)
        withholds = world.scenario.has(.clientsStall) && random.chance(40)
        output = HTTP2Wire.preface + HTTP2Wire.frame(.settings, [0, 2, 0, 0, 0, 0])
        planLeaving()
        onConnected(far, peer)
        guard listener.arrive(far, from: peer) else {
            far.setLingerReset()
            far.release()
            return
        }
        planStep(after: .zero)
    }

    private func planLeaving() {
        var manners: [Manner] = []
        if world.scenario.has(.clientsFinish) { manners += [.finish, .halfClose] }
        if world.scenario.has(.clientsReset) { manners.append(.reset) }
        if world.scenario.has(.clientsVanish) { manners.append(.vanish) }
        if world.scenario.has(.clientsStall) { manners.append(.stall) }
        guard !manners.isEmpty, random.chance(45) else { return }
        let manner = random.pick(manners)
        let connection = connections
        world.after(random.milliseconds(0...6_000)) { [weak self] in
            guard let self, connections == connection else { return }
            leave(manner)
        }
    }

    private func leave(_ manner: Manner) {
        guard let endpoint, !world.isSilent else { return }
        world.fault("client leaves", 500 + number, Manner.allCases.firstIndex(of: manner) ?? 0)
        switch manner {
        case .finish: drop()
        case .halfClose:
            output = []
            endpoint.shutdownWrite()
        case .reset:
            endpoint.setLingerReset()
            drop()
        case .vanish:
            endpoint.cutOff()
            drop()
        case .stall: isPaused = true
        }
    }

    private func drop() {
        guard let endpoint else { return }
        self.endpoint = nil
        endpoint.watcher = nil
        endpoint.release()
        streams.removeAll()
        guard !waiting.isEmpty else { return }
        world.after(random.milliseconds(1...800)) { [weak self] in self?.connect() }
    }

    func depart() { drop() }

    private func lost() {
        world.check(
            streams.isEmpty || !world.scenario.troubles.isEmpty,
            "client \(500 + number) is cut off in a world without troubles")
    }

    // MARK: Steps

    func changed(_ endpoint: Endpoint) {
        planStep(after: readsSlowly ? random.milliseconds(5...1_500) : random.microseconds(10...800))
    }

    private func planStep(after delay: Duration) {
        guard !stepPlanned else { return }
        stepPlanned = true
        world.after(delay) { [weak self] in
            self?.stepPlanned = false
            self?.step()
        }
    }

    private func step() {
        guard endpoint != nil, !isPaused, !world.isSilent else { return }
        read()
        guard endpoint != nil, !isPaused else { return }
        open()
        sendBodies()
        write()
    }

    private func read() {
        for _ in 0..<(readsSlowly ? 1 : 20) {
            guard let endpoint, !isPaused else { return }
            switch endpoint.read(readsSlowly ? random.pick([1, 50, 900]) : 16_000) {
            case nil: return
            case .failure:
                lost()
                return drop()
            case .success(let bytes) where bytes.isEmpty:
                lost()
                return drop()
            case .success(let bytes):
                world.note("client reads", 500 + number, bytes.count)
                input += bytes
                while self.endpoint != nil, let frame = HTTP2Wire.take(&input) { handle(frame) }
            }
        }
        if endpoint?.readable ?? false { planStep(after: random.milliseconds(1...300)) }
    }

    private func write() {
        while let endpoint, !output.isEmpty {
            let most = min(output.count, random.pick([3, 60, 2_000, 30_000]))
            switch endpoint.write(Array(output[..<most])) {
            case nil: return
            case .failure: return planStep(after: .microseconds(100))
            case .success(let count):
                output.removeFirst(count)
                written += count
                noteSent()
                if random.chance(10) { return planStep(after: random.milliseconds(0...60)) }
            }
        }
    }

    /// When all of the output is out, so is every request that was put into it.
    private func noteSent() {
        if output.isEmpty {
            for stream in streams where stream.bodySent == stream.plan.body.count { stream.plan.isSent = true }
        }
        for (plan, offset) in resets where offset <= written { watchArrival(plan, offset) }
        resets.removeAll { $0.offset <= written }
    }

    /// Waits until the reset has reached the gateway's kernel.
    private func watchArrival(_ plan: RequestPlan, _ offset: Int) {
        guard let far = endpoint?.peer, !far.isClosed, !far.isCutOff else { return }
        guard far.bytesArrived < offset else { return onReset(plan) }
        let connection = connections
        world.after(.milliseconds(5)) { [weak self] in
            guard let self, connections == connection else { return }
            watchArrival(plan, offset)
        }
    }

    // MARK: Requests

    private func open() {
        guard !goesAway, let endpoint, !endpoint.finSent else { return }
        while streams.count < width, !waiting.isEmpty {
            let plan = waiting.removeFirst()
            plan.carrier = endpoint.peer
            let stream = Stream(nextStream, plan)
            nextStream += 2
            stream.window = initialWindow
            streams.append(stream)
            world.note("client sends", plan.id, Int(stream.id))
            // An empty body of known length ends with its head.
            plan.isSent = plan.body.isEmpty
            send(
                HTTP2Wire.block(
                    [
                        (":method", plan.method), (":scheme", "http"), (":path", plan.target),
                        (":authority", "gateway.example"),
                    ] + plan.fields), of: stream)
            if world.scenario.has(.streamsReset), random.chance(35) {
                let connection = connections
                let delay = random.chance(20) ? Duration.zero : random.milliseconds(0...3_000)
                world.after(delay) { [weak self] in
                    guard let self, connections == connection, !isPaused, !world.isSilent else { return }
                    takeBack(stream)
                }
            }
        }
    }

    /// The head, in one frame or several.
    private func send(_ block: [UInt8], of stream: Stream) {
        let ends: UInt8 = stream.plan.body.isEmpty ? 1 : 0
        let cut = random.chance(20) ? random.within(1...block.count - 1) : block.count
        output += HTTP2Wire.frame(
            .headers, flags: ends | (cut == block.count ? 4 : 0), stream: stream.id, Array(block[..<cut]))
        if cut < block.count {
            output += HTTP2Wire.frame(.continuation, flags: 4, stream: stream.id, Array(block[cut...]))
        }
    }

    private func sendBodies() {
        for stream in streams where output.count < 60_000 {
            let body = stream.plan.body
            while stream.bodySent < body.count {
                let room = min(connectionWindow, stream.window, body.count - stream.bodySent)
                guard room > 0, output.count < 60_000 else { break }
                let size = min(room, random.pick([1, 400, 5_000, 16_000]))
                let piece = Array(body[stream.bodySent..<stream.bodySent + size])
                stream.bodySent += size
                stream.window -= size
                connectionWindow -= size
                let isLast = stream.bodySent == body.count
                // The API server must not get the end before it was sent.
                if isLast { stream.plan.isSent = true }
                output += HTTP2Wire.frame(.data, flags: isLast ? 1 : 0, stream: stream.id, piece)
            }
        }
    }

    private func takeBack(_ stream: Stream) {
        guard let index = streams.firstIndex(where: { $0 === stream }), endpoint != nil else { return }
        world.fault("stream reset", stream.plan.id)
        streams.remove(at: index)
        output += HTTP2Wire.frame(.reset, stream: stream.id, HTTP2Wire.word(8))
        resets.append((stream.plan, written + output.count))
        planStep(after: .zero)
    }

    // MARK: Frames

    private func stream(_ id: UInt32) -> Stream? { streams.first { $0.id == id } }

    private func handle(_ frame: HTTP2Wire.Frame) {
        if let open = block, frame.kind != .continuation || frame.stream != open.stream {
            return world.fail("client \(500 + number): a header block is interrupted")
        }
        switch frame.kind {
        case .headers:
            block = (frame.stream, frame.endsStream, frame.payload)
            if frame.endsHeaders { endBlock() }
        case .continuation:
            block?.bytes += frame.payload
            if frame.endsHeaders { endBlock() }
        case .data: data(frame)
        case .reset:
            guard let reset = stream(frame.stream) else { return }
            world.check(
                !world.scenario.troubles.isEmpty, "request \(reset.plan.id) is reset in a world without troubles")
            streams.removeAll { $0 === reset }
            planStep(after: random.milliseconds(0...300))
        case .settings: settings(frame)
        case .ping: if !frame.isAcknowledgement { output += HTTP2Wire.frame(.ping, flags: 1, frame.payload) }
        case .goAway:
            goesAway = true
            let last = frame.word & 0x7fff_ffff
            // What is behind it was not begun and can be sent again.
            let unserved = streams.filter { $0.id > last }
            waiting += unserved.filter { $0.plan.sightings == 0 }.map(\.plan)
            streams.removeAll { $0.id > last }
            closeIfIdle()
        case .windowUpdate:
            if frame.stream == 0 {
                connectionWindow += Int(frame.word)
            } else {
                stream(frame.stream)?.window += Int(frame.word)
            }
            planStep(after: .microseconds(50))
        case .priority, .push, nil: world.fail("client \(500 + number) gets a frame that nobody asked for")
        }
    }

    private func settings(_ frame: HTTP2Wire.Frame) {
        guard !frame.isAcknowledgement else { return }
        var rest = frame.payload[...]
        while rest.count >= 6 {
            let entry = Array(rest.prefix(6))
            rest = rest.dropFirst(6)
            guard entry[0] == 0, entry[1] == 4 else { continue }
            let size = entry[2...].reduce(0) { $0 << 8 | Int($1) }
            for stream in streams { stream.window += size - initialWindow }
            initialWindow = size
        }
        output += HTTP2Wire.frame(.settings, flags: 1)
    }

    private func data(_ frame: HTTP2Wire.Frame) {
        if !frame.payload.isEmpty {
            output += HTTP2Wire.frame(.windowUpdate, HTTP2Wire.word(UInt32(frame.payload.count)))
        }
        guard let stream = stream(frame.stream) else { return }
        if stream.isUpstreams {
            world.check(
                Pattern.matches(frame.payload, stream.plan.response.body, at: stream.received),
                "request \(stream.plan.id): the client gets other bytes than the API server sent")
        }
        stream.received += frame.payload.count
        stream.withheld += frame.payload.count
        if stream.withheld > 0, !withholds {
            output += HTTP2Wire.frame(.windowUpdate, stream: stream.id, HTTP2Wire.word(UInt32(stream.withheld)))
            stream.withheld = 0
        }
        if frame.endsStream { answered(stream) }
    }

    // MARK: Answers

    private func endBlock() {
        guard let (id, endsStream, bytes) = block else { return }
        block = nil
        guard let fields = inflater.fields(bytes) else {
            return world.fail("client \(500 + number): a header block that cannot be read")
        }
        guard let stream = stream(id) else { return }
        guard !stream.hasHead else {
            // Trailers.
            if endsStream { answered(stream) }
            return
        }
        begin(stream, fields)
        if endsStream { answered(stream) }
    }

    private func begin(_ stream: Stream, _ fields: [(name: String, value: String)]) {
        let plan = stream.plan
        func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
        guard let status = values(":status").first.flatMap({ Int($0) }) else {
            return world.fail("request \(plan.id): an answer without a status")
        }
        world.note("answer", plan.id, status)
        let forbidden = ["connection", "transfer-encoding", "keep-alive", "upgrade"]
        world.check(
            !fields.contains { forbidden.contains($0.name) || $0.name != $0.name.lowercased() },
            "request \(plan.id): an answer with fields that HTTP/2 does not know")
        if status < 200 {
            world.check(plan.response.interims.contains(status), "request \(plan.id): unexpected \(status)")
            return
        }
        stream.hasHead = true
        stream.isUpstreams = values("x-sim") == ["\(plan.id)"]
        if stream.isUpstreams {
            world.check(status == plan.response.status, "request \(plan.id): \(plan.response.status) became \(status)")
            world.check(plan.sightings > 0, "request \(plan.id): an answer to what the API server never got")
        } else {
            world.check(values("x-sim").isEmpty, "request \(plan.id): somebody else's answer")
            world.check(
                plan.allows(status, world.scenario), "request \(plan.id): the gateway answers \(status), \(plan.fate)")
        }
    }

    private func answered(_ stream: Stream) {
        let plan = stream.plan
        streams.removeAll { $0 === stream }
        world.check(stream.hasHead, "request \(plan.id): an answer ends before it began")
        if stream.isUpstreams {
            world.check(
                plan.response.isWhole && stream.received == plan.response.body.count
                    || plan.mayBeDrained(stream.received, in: world),
                "request \(plan.id): an answer that is not whole ends as if it were")
            completed += 1
        }
        world.note("answered", plan.id, stream.received)
        closeIfIdle()
        planStep(after: random.milliseconds(0...900))
    }

    /// Leaves when there is nothing more to do here.
    private func closeIfIdle() {
        guard streams.isEmpty, goesAway || (waiting.isEmpty && random.chance(60)) else { return }
        world.after(random.milliseconds(0...1_500)) { [weak self, connection = connections] in
            guard let self, connections == connection, streams.isEmpty, !world.isSilent else { return }
            drop()
        }
    }
}
