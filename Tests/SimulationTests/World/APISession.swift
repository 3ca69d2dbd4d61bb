// SPDX-License-Identifier: Apache-2.0

import Shared

/// One connection at the API server: reads requests, checks each against its plan, and answers as that says.
final class APISession: SocketWatcher {
    private unowned let api: SimulatedAPI
    private unowned let world: World
    private let endpoint: Endpoint
    private var random: Random
    private var reader = WireReader()
    /// The request that is being read or answered.
    private(set) var plan: RequestPlan?
    private var bodyCount = 0
    private var requestEnded = false
    private var output: [UInt8] = []
    private var outputOffset = 0
    private var mayWriteAt = Instant.never
    private var stepPlanned = false
    private var isOver = false
    private var readsNoMore = false
    private var resetsNext = false
    /// What the connection has become.
    private var tunnel: TunnelTalk?

    init(api: SimulatedAPI, endpoint: Endpoint) {
        self.api = api
        world = api.world
        self.endpoint = endpoint
        random = Random(seed: world.scenario.seed, stream: UInt64(3_000_000 + endpoint.id))
        endpoint.watcher = self
    }

    /// The gateway has not closed its end.
    var gatewayHolds: Bool { !(endpoint.peer?.isClosed ?? true) }

    /// The whole answer was sent: what the gateway still does is not for that request.
    var hasAnswered: Bool {
        guard let plan else { return true }
        // A client that has only ended its stream still hears the other side.
        if tunnel != nil {
            guard let carrier = plan.carrier else { return true }
            return carrier.brokenBy == 0 || world.now.since(carrier.brokenAt) < .milliseconds(100)
        }
        return plan.response.isWhole && !output.isEmpty && outputOffset == output.count
    }

    func changed(_ endpoint: Endpoint) { planStep(after: random.microseconds(10...500)) }

    private func planStep(after delay: Duration) {
        guard !stepPlanned, !isOver else { return }
        stepPlanned = true
        world.after(delay) { [weak self] in
            self?.stepPlanned = false
            self?.step()
        }
    }

    private func step() {
        guard !isOver, !world.isSilent else { return }
        if tunnel == nil { read() }
        guard !isOver else { return }
        if tunnel != nil { return stepTunnel() }
        write()
    }

    // MARK: Requests

    private func read() {
        for _ in 0..<20 where !readsNoMore && tunnel == nil {
            switch endpoint.read(random.pick([200, 4_000, 60_000])) {
            case nil: return
            case .failure: return end(reset: false)
            case .success(let bytes) where bytes.isEmpty: return end(reset: false)
            case .success(let bytes):
                if resetsNext {
                    world.fault("kept connection reset", endpoint.id)
                    return end(reset: true)
                }
                reader.append(bytes)
                handleEvents()
            }
            if isOver { return }
        }
    }

    private func handleEvents() {
        while tunnel == nil, let event = reader.next() {
            switch event {
            case .head(let head): begin(head)
            case .body(let bytes):
                guard let plan else { return }
                world.check(
                    Pattern.matches(bytes, plan.body, at: bodyCount),
                    "request \(plan.id): the API server gets other bytes than were sent")
                bodyCount += bytes.count
                if bodyCount > plan.response.stopsReadingAt { readsNoMore = true }
            case .end:
                guard let plan else { return }
                requestEnded = true
                world.check(
                    bodyCount == plan.body.count && plan.isSent && !plan.bodyIsBroken,
                    "request \(plan.id): its end reaches the API server, but was not sent")
                if !plan.response.isEarly {
                    respond()
                } else if hasAnswered, plan.response.ending == .keep {
                    becomeIdle()
                }
            }
        }
        world.check(reader.error == nil, "the API server gets what is no HTTP: \(reader.error ?? "")")
    }

    private func begin(_ head: WireHead) {
        let words = head.start.split(separator: " ", omittingEmptySubsequences: false)
        guard plan == nil, words.count == 3, words[2] == "HTTP/1.1", head.values("x-sim").count == 1,
            let plan = Int(head.values("x-sim")[0]).flatMap({ api.plans[$0] }), let framing = head.framing
        else {
            let busy = plan.map { "while it answers \($0.id), \($0.response.ending)" } ?? ""
            return world.fail("the API server gets a request that nobody sent: \(head.start) \(busy)")
        }
        self.plan = plan
        plan.sightings += 1
        world.counts.requests += 1
        world.note("request seen", plan.id, plan.sightings)
        world.check(
            words[0] == plan.method && words[1] == plan.target, "request \(plan.id) has become \(head.start)")
        world.check(
            plan.sightings == 1 || (plan.sightings == 2 && plan.mayRepeat),
            "request \(plan.id) is sent \(plan.sightings) times")
        check(head, plan)
        let expected: WireReader.Framing =
            switch plan.bodyKind {
            case .none: .none
            case .length: .length(plan.body.count)
            case .chunked: .chunked
            }
        world.check(framing == expected, "request \(plan.id) has become framed as \(framing)")
        let asked = head.values("upgrade")
        world.check(asked == (plan.tunnel.map { [$0.name] } ?? []), "request \(plan.id) asks for a tunnel: \(asked)")
        bodyCount = 0
        requestEnded = false
        (output, outputOffset) = ([], 0)
        reader.begin(framing)
        if plan.response.isEarly {
            readsNoMore = random.chance(50)
            respond()
        }
    }

    /// Who it is from, is said by us and by nobody else.
    private func check(_ head: WireHead, _ plan: RequestPlan) {
        guard case .forwarded(let user, let groups) = plan.fate else {
            return world.fail("request \(plan.id) should have been refused and reaches the API server")
        }
        let identity =
            head.values("impersonate-user") == [user]
            && head.values("impersonate-group").filter { $0 != "system:authenticated" } == groups
            && head.names(withPrefix: "impersonate").count == 1 + head.values("impersonate-group").count
            && head.values("authorization") == ["Bearer \(SimulatedAPI.token)"]
            && head.names(withPrefix: "x-remote").isEmpty && head.names(withPrefix: "proxy-").isEmpty
        world.check(identity, "request \(plan.id) reaches the API server with another identity than \(user)'s")
        world.check(
            user == "lena" || !api.provider.mustRefuse(from: plan.begunAt),
            "request \(plan.id) is believed by a key that was withdrawn long ago")
        let forwarded = head.values("x-forwarded-for")
        world.check(
            head.values("host") == [SimulatedAPI.authority] && head.values("x-keep") == ["kept \(plan.id)"]
                && forwarded.count == 1 && forwarded[0].hasPrefix("10.1.")
                && head.values("forwarded") == [
                    "for=\(forwarded[0]);proto=http;host=\"\(head.values("x-forwarded-host").joined())\""
                ]
                && head.values("audit-id").count == 1,
            "request \(plan.id) has lost or gained fields")
    }

    // MARK: Responses

    private func respond() {
        guard let plan else { return }
        if let own = plan.tunnel, let agreed = own.agreed {
            let head =
                "HTTP/1.1 101 Switching Protocols\r\nX-Sim: \(plan.id)\r\nConnection: Upgrade\r\nUpgrade: \(agreed)\r\n\r\n"
            tunnel = TunnelTalk(
                world: world, endpoint: endpoint, id: plan.id, own: own.server, other: own.client,
                preface: Array(head.utf8))
            return planStep(after: plan.response.delay)
        }
        output = plan.response.wire
        outputOffset = 0
        mayWriteAt = world.now + plan.response.delay
        world.at(mayWriteAt) { [weak self] in self?.step() }
    }

    private func stepTunnel() {
        switch tunnel?.step() {
        case nil, .waiting: break
        case .pausing(let time): planStep(after: time)
        case .over(let reset): end(reset: reset)
        case .lost: end(reset: false)
        }
    }

    private func write() {
        guard let plan, world.now >= mayWriteAt else { return }
        let response = plan.response
        while outputOffset < output.count {
            let piece = Array(output[outputOffset..<min(output.count, outputOffset + response.pace)])
            switch endpoint.write(piece) {
            case nil: return
            case .failure: return end(reset: false)
            case .success(let count):
                outputOffset += count
                world.note("answer bytes", plan.id, count)
                if outputOffset < output.count {
                    mayWriteAt = world.now + response.pause
                    world.at(mayWriteAt) { [weak self] in self?.step() }
                    return
                }
            }
        }
        mayWriteAt = .never
        switch response.ending {
        case .stall: break
        case .reset:
            world.fault("API server resets", endpoint.id)
            end(reset: true)
        case .cut:
            world.fault("API server cuts", endpoint.id)
            finish()
        case .finish: finish()
        case .keep:
            if requestEnded {
                becomeIdle()
            } else if readsNoMore {
                finish()
            }
        }
    }

    /// The answer is out and the request is in: the next may come, unless the connection is closed first.
    private func becomeIdle() {
        resetsNext = plan?.response.resetsNext ?? false
        plan = nil
        guard world.scenario.has(.keptConnectionsClose), random.chance(50) else { return }
        let idle = random.milliseconds(0...6_000)
        world.after(idle) { [weak self] in
            guard let self, self.plan == nil, !isOver, !world.isSilent else { return }
            world.fault("kept connection closed", endpoint.id)
            finish()
        }
    }

    private func finish() {
        plan = nil
        endpoint.shutdownWrite()
        world.after(.seconds(1)) { [weak self] in self?.end(reset: false) }
    }

    /// The world is over.
    func abandon() { endpoint.separate() }

    private func end(reset: Bool) {
        guard !isOver else { return }
        isOver = true
        plan = nil
        if reset { endpoint.setLingerReset() }
        endpoint.release()
        api.ended(self)
    }
}
