// SPDX-License-Identifier: Apache-2.0

import Shared

/// A client that speaks HTTP/2: several requests at once on one connection, each within its windows; it checks every
/// byte, takes requests back by RST_STREAM, and leaves in many ways.
final class HTTP2Client: SimulatedClient {
    private var streams: [HTTP2ClientStream] = []
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var written = 0
    private var connectionWindow = 65_535
    private var initialWindow = 65_535
    private var nextStream: UInt32 = 1
    private var block: (stream: UInt32, endsStream: Bool, bytes: [UInt8])?
    private var inflater = HeaderInflater()
    private var goesAway = false
    private var withholds = false
    /// The resets that are on their way: how many bytes must have arrived before each was.
    private var resets: [(plan: RequestPlan, offset: Int)] = []
    private var width = 1
    var onReset: (RequestPlan) -> Void = { _ in }

    /// Its addresses differ from those of clients that speak HTTP/1.
    private static let addresses = 0x8000

    init(world: World, number: Int, plans: [RequestPlan], listener: Listener) {
        super.init(
            world: world, name: 500 + number, address: Self.addresses + number, stream: UInt64(5_000 + number),
            plans: plans, listener: listener)
        arriveSome()
    }

    static func isOne(_ peer: SocketAddress) -> Bool { peer.low & UInt64(addresses) != 0 }

    override var isBusy: Bool { !streams.isEmpty }
    override var endless: Int { streams.count(where: \.plan.isLongRunning) }

    override func begin() {
        (input, written, nextStream, block) = ([], 0, 1, nil)
        (connectionWindow, initialWindow, goesAway) = (65_535, 65_535, false)
        inflater = HeaderInflater()
        resets = []
        width = random.pick([1, 3, 8])
        withholds = world.scenario.has(.clientsStall) && random.chance(40)
        output = HTTP2Wire.preface + HTTP2Wire.frame(.settings, [0, 2, 0, 0, 0, 0])
    }

    override func forget() { streams.removeAll() }

    override func planLeaving(_ manners: [Manner]) { leave(random.pick(manners), within: 6_000) }

    override func dropOutput() { output = [] }

    override func received(_ bytes: [UInt8]) {
        input += bytes
        while endpoint != nil, let frame = HTTP2Wire.take(&input) { handle(frame) }
    }

    override func write() {
        open()
        sendBodies()
        while !output.isEmpty, let count = writePiece(of: output, from: 0) {
            output.removeFirst(count)
            written += count
            noteSent()
            if random.chance(10) { return planStep(after: random.milliseconds(0...60)) }
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
            plan.begunAt = world.now
            let stream = HTTP2ClientStream(nextStream, plan)
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
                later(random.chance(20) ? 0...0 : 0...3_000) { [weak self] client in
                    if !client.isPaused { self?.takeBack(stream) }
                }
            }
        }
    }

    /// The head, in one frame or several.
    private func send(_ block: [UInt8], of stream: HTTP2ClientStream) {
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

    private func takeBack(_ stream: HTTP2ClientStream) {
        guard let index = streams.firstIndex(where: { $0 === stream }), endpoint != nil else { return }
        world.fault("stream reset", stream.plan.id)
        streams.remove(at: index)
        output += HTTP2Wire.frame(.reset, stream: stream.id, HTTP2Wire.word(8))
        resets.append((stream.plan, written + output.count))
        planStep(after: .zero)
    }

    // MARK: Frames

    private func stream(_ id: UInt32) -> HTTP2ClientStream? { streams.first { $0.id == id } }

    private func handle(_ frame: HTTP2Wire.Frame) {
        if let open = block, frame.kind != .continuation || frame.stream != open.stream {
            return world.fail("client \(name): a header block is interrupted")
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
        case .priority, .push, nil: world.fail("client \(name) gets a frame that nobody asked for")
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
            return world.fail("client \(name): a header block that cannot be read")
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

    private func begin(_ stream: HTTP2ClientStream, _ fields: [(name: String, value: String)]) {
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
        plan.checkAnswer(status, isUpstreams: stream.isUpstreams, marks: values("x-sim"), in: world)
    }

    private func answered(_ stream: HTTP2ClientStream) {
        let plan = stream.plan
        streams.removeAll { $0 === stream }
        world.check(stream.hasHead, "request \(plan.id): an answer ends before it began")
        if stream.isUpstreams {
            plan.checkEnd(behind: stream.received, in: world)
            completed += 1
        }
        world.note("answered", plan.id, stream.received)
        closeIfIdle()
        planStep(after: random.milliseconds(0...900))
    }

    /// Leaves when there is nothing more to do here.
    private func closeIfIdle() {
        guard streams.isEmpty, goesAway || (waiting.isEmpty && random.chance(60)) else { return }
        later(0...1_500) { client in
            if !client.isBusy { client.drop() }
        }
    }
}
