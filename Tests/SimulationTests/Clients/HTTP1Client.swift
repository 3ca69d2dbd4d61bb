// SPDX-License-Identifier: Apache-2.0

import Shared

/// A client that speaks HTTP/1: one request behind the other, or several at once; it checks every byte of the answers. Some
/// of its requests ask for a tunnel.
final class HTTP1Client: SimulatedClient {
    /// Sent or being sent, and not yet answered.
    private var pending: [RequestPlan] = []
    private var reader = WireReader()
    private var outgoing: [UInt8] = []
    private var outgoingOffset = 0
    private var answer: Answer?
    private var tunnel: TunnelTalk?
    private var mayClose = false
    private var leaving = Leaving.never
    private var bytesReceived = 0
    private var bytesSent = 0
    private let pipelines: Bool

    private enum Leaving {
        case never
        case afterSending(Int, Manner)
        case afterReceiving(Int, Manner)
    }

    private struct Answer {
        let plan: RequestPlan
        let isInterim: Bool
        let isUpstreams: Bool
        let closes: Bool
        var count = 0
    }

    init(world: World, number: Int, plans: [RequestPlan], listener: Listener) {
        var own = Random(seed: world.scenario.seed, stream: UInt64(7_000 + number))
        pipelines = world.scenario.has(.pipelining) && own.chance(50)
        super.init(
            world: world, name: number, address: number, stream: UInt64(4_000 + number), plans: plans,
            listener: listener)
        arriveSome()
    }

    override var isBusy: Bool { !pending.isEmpty }
    override var endless: Int { tunnel == nil && pending.contains(where: \.isLongRunning) ? 1 : 0 }

    override func begin() {
        reader = WireReader()
        (outgoing, outgoingOffset, answer, mayClose) = ([], 0, nil, false)
        (bytesReceived, bytesSent, leaving) = (0, 0, .never)
    }

    override func forget() {
        pending.removeAll()
        tunnel = nil
    }

    override func planLeaving(_ manners: [Manner]) {
        let manner = random.pick(manners)
        switch random.below(3) {
        case 0: leaving = .afterSending(random.chance(15) ? 0 : random.within(1...900), manner)
        case 1: leaving = .afterReceiving(random.pick([1, 100, 400, 3_000, 20_000]), manner)
        default: leave(manner, within: 4_000)
        }
    }

    override func dropOutput() { (outgoing, outgoingOffset) = ([], 0) }

    // MARK: Sending

    override func write() {
        refill()
        while outgoingOffset < outgoing.count {
            var most = Int.max
            if case .afterSending(let count, let manner) = leaving {
                if bytesSent >= count { return leaveNow(manner) }
                most = count - bytesSent
            }
            guard let count = writePiece(of: outgoing, from: outgoingOffset, most: most) else { return }
            outgoingOffset += count
            bytesSent += count
            noteSent()
            if random.chance(10) { return planStep(after: random.milliseconds(0...60)) }
        }
    }

    private func leaveNow(_ manner: Manner) {
        leaving = .never
        leave(manner)
    }

    /// Takes the next request to be sent, when its turn has come.
    private func refill() {
        guard outgoingOffset == outgoing.count, !mayClose, let endpoint, !endpoint.finSent,
            pending.isEmpty || (pipelines && pending.count < 3), !waiting.isEmpty
        else { return }
        let plan = waiting.removeFirst()
        pending.append(plan)
        plan.carrier = endpoint.peer
        plan.begunAt = world.now
        outgoing = plan.wire
        outgoingOffset = 0
        // What comes behind it would be the tunnel's.
        mayClose = plan.closes || plan.tunnel != nil
        world.note("client sends", plan.id, plan.wire.count)
    }

    private func noteSent() {
        // What follows a request for a tunnel is not part of it.
        if let last = pending.last, outgoingOffset >= outgoing.count - (last.tunnel?.early ?? 0) { last.isSent = true }
        guard outgoingOffset == outgoing.count else { return }
        if pipelines { refill() }
    }

    // MARK: Answers

    override func received(_ bytes: [UInt8]) {
        bytesReceived += bytes.count
        reader.append(bytes)
        handleEvents()
        leaveIfReceived()
    }

    private func leaveIfReceived() {
        if case .afterReceiving(let count, let manner) = leaving, bytesReceived >= count { leaveNow(manner) }
    }

    override func streamEnded() -> Bool {
        guard reader.streamEnded() else { return false }
        answerEnded()
        return true
    }

    private func handleEvents() {
        while tunnel == nil, let event = reader.next() {
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
        world.check(reader.error == nil, "client \(name) gets what is no HTTP: \(reader.error ?? "")")
    }

    private func begin(_ head: WireHead) {
        let words = head.start.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard let plan = pending.first, words.count == 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            return world.fail("client \(name) gets an answer to nothing: \(head.start)")
        }
        world.note("answer", plan.id, status)
        if status == 101 { return beginTunnel(plan, head) }
        let isInterim = status < 200
        let isUpstreams = head.values("x-sim") == ["\(plan.id)"]
        answer = Answer(
            plan: plan, isInterim: isInterim, isUpstreams: isUpstreams,
            closes: head.values("connection") == ["close"])
        if isInterim {
            let expected = status == 100 ? plan.expectsContinue : plan.response.interims.contains(status)
            world.check(expected && plan.minorVersion == 1, "request \(plan.id): unexpected \(status)")
            return reader.begin(.none)
        }
        plan.checkAnswer(status, isUpstreams: isUpstreams, marks: head.values("x-sim"), in: world)
        guard let framing = head.framing else {
            return world.fail("request \(plan.id): contradicting fields in the answer")
        }
        let bodyless = plan.method == "HEAD" || status == 204 || status == 304
        let untilClose = framing == .none && head.values("content-length").isEmpty
        reader.begin(bodyless ? .none : untilClose ? .untilClose : framing)
    }

    private func answerEnded() {
        guard let ended = answer else { return }
        answer = nil
        if ended.isInterim { return }
        let plan = ended.plan
        if ended.isUpstreams {
            plan.checkEnd(behind: ended.count, in: world)
            completed += 1
        }
        pending.removeFirst()
        world.note("answered", plan.id, ended.count)
        if plan.tunnel != nil {
            world.check(ended.closes, "request \(plan.id): a refused tunnel's connection is to be used again")
        }
        if ended.closes { mayClose = true }
        if ended.closes || (isDone && random.chance(60)) {
            later(0...1_500) { $0.drop() }
        } else {
            planStep(after: random.milliseconds(0...900))
        }
    }

    // MARK: Tunnels

    private func beginTunnel(_ plan: RequestPlan, _ head: WireHead) {
        guard let own = plan.tunnel, own.isGranted, let endpoint else {
            return world.fail("request \(plan.id): a tunnel that nobody agreed to")
        }
        world.check(
            head.values("upgrade") == [own.name] && plan.sightings == 1 && head.values("x-sim") == ["\(plan.id)"],
            "request \(plan.id): another tunnel than was asked for")
        let talk = TunnelTalk(
            world: world, endpoint: endpoint, id: plan.id, own: own.client, other: own.server, said: tunnelled(plan))
        dropOutput()
        tunnel = talk
        let rest = reader.takeRest()
        if !rest.isEmpty { talk.hear(rest) }
        planStep(after: .zero)
    }

    /// Of a tunnel's bytes, those that were written along with the request's head.
    private func tunnelled(_ plan: RequestPlan) -> Int {
        guard pending.last === plan, let own = plan.tunnel else { return 0 }
        return max(0, outgoingOffset - (plan.wire.count - own.early))
    }

    override func endsStream() {
        guard let plan = pending.last, let own = plan.tunnel, own.client.endedAt == nil else { return }
        own.client.endedAt = tunnel?.said ?? tunnelled(plan)
    }

    override var isDiverted: Bool { tunnel != nil }

    override func stepOtherwise() {
        guard let tunnel else { return }
        let before = tunnel.heard
        let outcome = tunnel.step()
        bytesReceived += tunnel.heard - before
        switch outcome {
        case .waiting: leaveIfReceived()
        case .pausing(let time):
            planStep(after: time)
            leaveIfReceived()
        case .lost: lost()
        case .over(let reset):
            if tunnel.isWhole { completed += 1 }
            pending.removeFirst()
            reset ? leave(.reset) : drop()
        }
    }
}
