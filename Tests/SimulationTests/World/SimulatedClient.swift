// SPDX-License-Identifier: Apache-2.0

import Shared

/// A client: sends its requests on one connection after the other, reads the answers and checks every byte, and leaves
/// in one of many ways.
final class SimulatedClient: SocketWatcher, SimulatedVisitor {
    private unowned let world: World
    private let listener: Listener
    private var random: Random
    private var waiting: [RequestPlan]
    /// Sent or being sent, and not yet answered.
    private var pending: [RequestPlan] = []
    private var endpoint: Endpoint?
    private var reader = WireReader()
    private var outgoing: [UInt8] = []
    private var outgoingOffset = 0
    private var stepPlanned = false
    private var answer: Answer?
    private var mayClose = false
    private(set) var completed = 0
    private let total: Int
    private let number: Int
    private var connections = 0
    private var leaving = Leaving.never
    private var bytesReceived = 0
    private var bytesSent = 0
    private var isPaused = false
    private var readsSlowly = false
    private let pipelines: Bool
    var onConnected: (Endpoint, SocketAddress) -> Void = { _, _ in }

    private enum Manner: CaseIterable {
        case finish
        case halfClose
        case reset
        case vanish
        case stall
    }

    private enum Leaving {
        case never
        case afterSending(Int, Manner)
        case afterReceiving(Int, Manner)
        case afterTime(Manner)
    }

    private struct Answer {
        let plan: RequestPlan
        let isInterim: Bool
        let isUpstreams: Bool
        let closes: Bool
        /// Only the connection's end says that the body is whole.
        var endsByClose = false
        var count = 0
    }

    init(world: World, number: Int, plans: [RequestPlan], listener: Listener) {
        self.world = world
        self.number = number
        self.listener = listener
        waiting = plans
        total = plans.count
        var random = Random(seed: world.scenario.seed, stream: UInt64(4_000 + number))
        pipelines = world.scenario.has(.pipelining) && random.chance(50)
        let start = random.milliseconds(0...(world.scenario.activeSeconds * 900))
        self.random = random
        world.after(start) { [weak self] in self?.connect() }
    }

    var isDone: Bool { waiting.isEmpty && pending.isEmpty }
    var allCompleted: Bool { completed == total }

    /// It is there, says nothing, and waits for something that has no end of its own.
    var watches: Int {
        guard let endpoint, !endpoint.isCutOff, endpoint.brokenBy == 0 else { return 0 }
        return pending.contains(where: \.isLongRunning) ? 1 : 0
    }

    // MARK: Connections

    private func connect() {
        guard !world.isSilent, endpoint == nil, !waiting.isEmpty else { return }
        connections += 1
        let (near, far) = Endpoint.pair(world: world, random: &random)
        let peer = SocketAddress(
            family: .ipv4, port: UInt16(1_000 + connections), high: 0, low: UInt64(0x0a01_0000 + number))
        endpoint = near
        near.watcher = self
        reader = WireReader()
        (outgoing, outgoingOffset, answer, mayClose) = ([], 0, nil, false)
        (bytesReceived, bytesSent, isPaused) = (0, 0, false)
        readsSlowly = world.scenario.has(.clientsReadSlowly) && random.chance(50)
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
        leaving = .never
        var manners: [Manner] = []
        if world.scenario.has(.clientsFinish) { manners += [.finish, .halfClose] }
        if world.scenario.has(.clientsReset) { manners.append(.reset) }
        if world.scenario.has(.clientsVanish) { manners.append(.vanish) }
        if world.scenario.has(.clientsStall) { manners.append(.stall) }
        guard !manners.isEmpty, random.chance(45) else { return }
        let manner = random.pick(manners)
        switch random.below(3) {
        case 0: leaving = .afterSending(random.chance(15) ? 0 : random.within(1...900), manner)
        case 1: leaving = .afterReceiving(random.pick([1, 100, 400, 3_000, 20_000]), manner)
        default:
            leaving = .afterTime(manner)
            let connection = connections
            world.after(random.milliseconds(0...4_000)) { [weak self] in
                guard let self, connections == connection else { return }
                leave(manner)
            }
        }
    }

    private func leave(_ manner: Manner) {
        guard let endpoint, !world.isSilent else { return }
        world.fault("client leaves", number, Manner.allCases.firstIndex(of: manner) ?? 0)
        leaving = .never
        switch manner {
        case .finish: drop()
        case .halfClose:
            outgoing = []
            outgoingOffset = 0
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

    /// The connection is over for us; what was not answered never will be.
    private func drop() {
        guard let endpoint else { return }
        self.endpoint = nil
        endpoint.watcher = nil
        endpoint.release()
        pending.removeAll()
        guard !waiting.isEmpty else { return }
        world.after(random.milliseconds(1...800)) { [weak self] in self?.connect() }
    }

    /// At the end of all worlds: nobody is there any more.
    func depart() { drop() }

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
                if reader.streamEnded() { answerEnded() } else { lost() }
                return drop()
            case .success(let bytes):
                bytesReceived += bytes.count
                world.note("client reads", number, bytes.count)
                reader.append(bytes)
                handleEvents()
            }
            if case .afterReceiving(let count, let manner) = leaving, bytesReceived >= count { leave(manner) }
        }
        if endpoint?.readable ?? false { planStep(after: random.milliseconds(1...300)) }
    }

    private func write() {
        refill()
        while let endpoint, outgoingOffset < outgoing.count {
            var most = min(outgoing.count - outgoingOffset, random.pick([3, 60, 2_000, 30_000]))
            if case .afterSending(let count, let manner) = leaving {
                if bytesSent >= count { return leave(manner) }
                most = min(most, count - bytesSent)
            }
            switch endpoint.write(Array(outgoing[outgoingOffset..<outgoingOffset + most])) {
            case nil: return
            case .failure: return planStep(after: .microseconds(100))
            case .success(let count):
                outgoingOffset += count
                bytesSent += count
                noteSent()
                if random.chance(10) { return planStep(after: random.milliseconds(0...60)) }
            }
        }
    }

    /// Takes the next request to be sent, when its turn has come.
    private func refill() {
        guard outgoingOffset == outgoing.count, !mayClose, let endpoint, !endpoint.finSent,
            pending.isEmpty || (pipelines && pending.count < 3), !waiting.isEmpty
        else { return }
        let plan = waiting.removeFirst()
        pending.append(plan)
        plan.carrier = endpoint.peer
        outgoing = plan.wire
        outgoingOffset = 0
        mayClose = plan.closes
        world.note("client sends", plan.id, plan.wire.count)
    }

    private func noteSent() {
        guard outgoingOffset == outgoing.count else { return }
        pending.last?.isSent = true
        if pipelines { refill() }
    }

    // MARK: Answers

    private func handleEvents() {
        while let event = reader.next() {
            switch event {
            case .head(let head): begin(head)
            case .body(let bytes):
                guard var current = answer else { return }
                if current.isUpstreams {
                    world.check(
                        Pattern.matches(bytes, current.plan.response.body, at: current.count),
                        "request \(current.plan.id): the client gets other bytes than the API server sent")
                }
                current.count += bytes.count
                answer = current
            case .end: answerEnded()
            }
        }
        world.check(reader.error == nil, "client \(number) gets what is no HTTP: \(reader.error ?? "")")
    }

    private func begin(_ head: WireHead) {
        let words = head.start.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard let plan = pending.first, words.count == 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            return world.fail("client \(number) gets an answer to nothing: \(head.start)")
        }
        let isInterim = status < 200
        let isUpstreams = head.values("x-sim") == ["\(plan.id)"]
        answer = Answer(
            plan: plan, isInterim: isInterim, isUpstreams: isUpstreams,
            closes: head.values("connection") == ["close"])
        world.note("answer", plan.id, status)
        if isInterim {
            let expected = status == 100 ? plan.expectsContinue : plan.response.interims.contains(status)
            world.check(expected && plan.minorVersion == 1, "request \(plan.id): unexpected \(status)")
            return reader.begin(.none)
        }
        if isUpstreams {
            world.check(status == plan.response.status, "request \(plan.id): \(plan.response.status) became \(status)")
            world.check(plan.sightings > 0, "request \(plan.id): an answer to what the API server never got")
        } else {
            world.check(head.values("x-sim").isEmpty, "request \(plan.id): somebody else's answer")
            world.check(
                plan.allows(status, world.scenario), "request \(plan.id): the gateway answers \(status), \(plan.fate)")
        }
        guard let framing = head.framing else {
            return world.fail("request \(plan.id): contradicting fields in the answer")
        }
        let bodyless = plan.method == "HEAD" || status == 204 || status == 304
        let untilClose = framing == .none && head.values("content-length").isEmpty
        answer?.endsByClose = untilClose && !bodyless
        reader.begin(bodyless ? .none : untilClose ? .untilClose : framing)
    }

    private func answerEnded() {
        guard let ended = answer else { return }
        answer = nil
        if ended.isInterim { return }
        let plan = ended.plan
        if ended.isUpstreams {
            world.check(
                plan.response.isWhole && ended.count == plan.response.body.count
                    || plan.mayBeDrained(ended.count, in: world),
                "request \(plan.id): an answer that is not whole ends as if it were")
        }
        if ended.isUpstreams { completed += 1 }
        pending.removeFirst()
        world.note("answered", plan.id, ended.count)
        if ended.closes { mayClose = true }
        if ended.closes || (isDone && random.chance(60)) {
            world.after(random.milliseconds(0...1_500)) { [weak self, connection = connections] in
                guard let self, connections == connection, !world.isSilent else { return }
                drop()
            }
        } else {
            planStep(after: random.milliseconds(0...900))
        }
    }

    private func lost() {
        world.check(
            pending.isEmpty || !world.scenario.troubles.isEmpty,
            "client \(number) is cut off in a world without troubles")
    }
}
