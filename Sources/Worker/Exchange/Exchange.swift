// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// One request from its head to its end, and the owner of everything that it started: its place among the waiters for
/// keys, its look-ups at other services, its upstream connection, its deadline, its row on the scoreboard.
///
/// This is the one interpreter of `ExchangeStateMachine`'s actions. Whatever happens goes into the machine, and when
/// that says `end`, `finish` releases all of it, at once and in one place: there is no second path out.
final class Exchange: TimerHandler {
    let plane: Plane
    private var facts: ExchangeFacts
    var id: UInt64 { facts.id }
    var row: Int { facts.row }
    var head: RequestHead { facts.head }
    var transport: RequestSeries.Transport { facts.transport }
    var started: Instant { facts.started }
    var verb: RequestSeries.Verb { facts.verb }
    var shownVerb: ExchangeVerb { facts.shownVerb }
    var isLongRunning: Bool { facts.isLongRunning }
    var isStream: Bool { facts.isStream }
    var asksForTunnel: Bool { facts.asksForTunnel }
    /// Held, as it holds this exchange in turn, until `finish` has told it of the end: looks through an `unowned`
    /// reference are counted by atomic instructions, and here there are some twenty a request.
    let client: ClientSide
    var auditID: AuditID { currentAuditID }
    private var currentAuditID: AuditID
    private(set) var described: [UInt8]
    /// The drain has come to it.
    var endsWithDrain = false
    /// Why it ends, if it does so between two items.
    var earlyEnd = EndReason.drained
    // The machine and the deadlines are taken out and put back for each step (that is what a computed property does):
    // an access that lasts no longer than a copy needs no check at run time for another that overlaps it.
    private var currentMachine: ExchangeStateMachine
    private var currentDeadlines: ExchangeDeadlines
    var machine: ExchangeStateMachine {
        get { currentMachine }
        set { currentMachine = newValue }
    }
    var deadlines: ExchangeDeadlines {
        get { currentDeadlines }
        set { currentDeadlines = newValue }
    }
    private var currentTimer = DeadlineTimer()
    var timer: DeadlineTimer {
        get { currentTimer }
        set { currentTimer = newValue }
    }
    /// As which the request goes on; nil until that is known and allowed.
    private(set) var identity: Identity?
    /// Whose the request is, whomever it acts as.
    var original: Identity?
    /// How the identity is found, and whoever has been asked about it (Exchange+Identity).
    var identification: IdentificationStateMachine {
        get { currentIdentification }
        set { currentIdentification = newValue }
    }
    private var currentIdentification: IdentificationStateMachine
    var lookups: [LookupTicket] = []
    /// Somebody was asked about its user.
    var hasAsked = false
    /// Who has the groups of its token.
    var claimSource: DistributedClaim.Source?
    /// Whom the client wants to act as; nil: as itself.
    var impersonation: ImpersonationRequest?
    /// What was denied of that.
    var denied: [ImpersonationCheck] = []
    /// What a refusal tells the client beyond its kind.
    var refusalDetail: String?
    var upstream: UpstreamSide?
    var requestBody: BodyRelay
    var response: ResponseProgress
    /// After a 101.
    var tunnel: Tunnel?
    /// With a TokenReview: what it asks.
    var review: ReviewIntake?
    /// The request's head still lies in the client's buffer, in case it must be sent again.
    var headHeld = true
    /// Bytes of the response lie in the upstream connection's buffer because the client's had no room for them.
    var leavesBehind = false
    /// Reading is to go on in the next turn, though no event will say so.
    private var isContinuing = false
    var status = 0
    var bytesTunnelled: (fromClient: UInt64, toClient: UInt64) = (0, 0)

    /// The timers' tags.
    private enum Tag {
        static let deadline: UInt32 = 0
        static let continuation: UInt32 = 1
    }

    /// - Parameters:
    ///   - auditID: what the request is called towards everybody.
    ///   - described: what its line in the log says of it, taken down while the head is there; empty where there is no log.
    init(_ facts: ExchangeFacts, of client: ClientSide, called auditID: AuditID, describedAs described: [UInt8]) {
        plane = client.plane
        self.client = client
        self.facts = facts
        currentAuditID = auditID
        self.described = described
        currentIdentification = IdentificationStateMachine(facts, client)
        currentMachine = ExchangeStateMachine(facts)
        currentDeadlines = ExchangeDeadlines(facts, client)
        requestBody = BodyRelay(ofRequest: facts.head, from: client)
        response = ResponseProgress(buffers: client.plane.buffers)
    }

    // MARK: The same client's next request

    /// It is over, and nobody can hold it without being counted: those who were asked about its user refer to it
    /// uncounted (`unowned`), and so does a drain, to a stream (`weak`).
    var mayCarryAnother: Bool { machine.phase == .ended && !hasAsked && !isStream && !hadTunnel && review == nil }

    /// Begins anew, as if it had just been made (the simulator compares). What it can have had only if it may carry no other,
    /// as look-ups, a tunnel and a review, is not there.
    func renew(_ facts: ExchangeFacts, called auditID: AuditID, describedAs described: [UInt8]) {
        self.facts = facts
        currentAuditID = auditID
        self.described = described
        endsWithDrain = false
        earlyEnd = .drained
        currentIdentification = IdentificationStateMachine(facts, client)
        currentMachine = ExchangeStateMachine(facts)
        currentDeadlines = ExchangeDeadlines(facts, client)
        currentTimer = DeadlineTimer()
        claimSource = nil
        impersonation = nil
        refusalDetail = nil
        upstream = nil
        requestBody = BodyRelay(ofRequest: facts.head, from: client)
        response = ResponseProgress(buffers: plane.buffers)
        headHeld = true
        leavesBehind = false
        isContinuing = false
        if !DeliberateFault.isOn(.statusOfAnother) { status = 0 }
        bytesTunnelled = (0, 0)
    }

    /// Lets go of whose the request was: its client may be idle for long.
    private func forget() {
        identity = nil
        original = nil
        described = []
    }

    // MARK: Identity

    /// Begins, while the head still lies in the client's buffer, with what it asks for.
    func start(_ info: RequestInfo) {
        publish(info)
        if isLongRunning { plane.panel.add(.longRunningInFlight) }
        if client.service.mode == .tokenReview { return startReview() }
        if asksForTunnel, !head.framing.isEmpty { return perform(machine.end(.refused(.upgradeWithBody))) }
        identify()
    }

    /// The identity is known: the request can go on.
    func identified(as identity: Identity) {
        self.identity = identity
        if isLongRunning || asksForTunnel {
            client.forgetToken()
            if let end = plane.streamEnd(of: identity) { deadlines.endStream(at: end) }
        }
        showUser()
        perform(machine.identified())
    }

    // MARK: The client

    /// The client's side can take or has given something.
    func clientProgressed() { advance() }

    func clientLeft(_ departure: EndReason.Departure) {
        perform(machine.end(.clientGone(departure)))
    }

    /// The client's side found what it sends to break the rules.
    func clientBroke(_ fault: HTTPFault) {
        perform(machine.end(.clientInvalid(fault)))
    }

    /// Cut by the end of a drain.
    func cut() { perform(machine.end(.cut)) }

    /// Ended because somebody asked for it.
    func cancel() { perform(machine.end(.cancelled)) }

    /// The client's side has no memory for what it should take in.
    func outOfBuffers() { perform(machine.end(.refused(.noBuffers))) }

    // MARK: Carrying out

    func perform(_ action: ExchangeStateMachine.Action) {
        switch action {
        case .none: break
        case .connect where client.service.mode != .proxy: perform(machine.end(.answered))
        // A command may run by it: a connection that the API server may be closing just now will not do.
        case .connect: connect(fresh: asksForTunnel)
        case .sendRequest: sendHead()
        case .retry:
            plane.panel.add(.upstreamRetries)
            if !DeliberateFault.isOn(.retryKeepsUpstream) { upstream?.close(reset: true) }
            upstream = nil
            response.reset()
            requestBody = BodyRelay(from: client.bodyFraming(of: head), to: head.framing)
            connect(fresh: true)
        case .end(let reason): finish(reason)
        }
    }

    /// The one end: releases everything that the exchange owns, then lets the client's side know.
    private func finish(_ reason: EndReason) {
        let disposition = machine.disposition(of: reason)
        if !DeliberateFault.isOn(.timerNotCancelled) { timer.cancel(on: plane.reactor) }
        stopIdentifying()
        if let upstream {
            self.upstream = nil
            switch disposition.upstream {
            case .release where DeliberateFault.isOn(.upstreamAlwaysReused): upstream.release()
            case .close where DeliberateFault.isOn(.upstreamLivesOn): break
            case .release where response.keepsUpstream && upstream.isClean: upstream.release()
            case .release, .finish: upstream.close(reset: false)
            case .close: upstream.close(reset: true)
            }
        } else if machine.lastPhase == .connecting, !DeliberateFault.isOn(.staysAmongPoolWaiters) {
            plane.upstream.stopWaiting(self)
        }
        count(reason)
        releaseHead()
        bytesTunnelled = tunnel?.bytes ?? (0, 0)
        tunnel = nil
        if !DeliberateFault.isOn(.rowNotGivenBack) { plane.closeExchange(row: row) }
        client.exchangeEnded(self, reason, disposition.client)
        countRequest(reason)
        forget()
    }

    /// Relays what can be relayed, then says what is waited for.
    func advance() {
        guard machine.phase != .ended else { return }
        if isTunnel { return relayTunnel() }
        relayRequest()
        takeReview()
        guard machine.phase != .ended else { return }
        client.flush()
        settle()
    }

    // MARK: Deadlines and interest

    /// After every step: which events and which deadline come next.
    func settle() {
        let phase = machine.phase
        guard phase != .ended else { return }
        // Each look at a property counts a reference: this runs several times a request.
        let (client, reactor) = (client, plane.reactor)
        switch phase {
        case .identifying, .connecting, .ended: break
        case .tunnelling: return settleTunnel()
        case .requesting, .responding:
            let (now, upstream, isBlocked) = (reactor.now, upstream, client.isBlocked)
            if isBlocked {
                deadlines.wait(for: .clientWrite, now: now)
            } else if upstream?.isBlocked ?? false {
                deadlines.wait(for: .upstreamWrite, now: now)
            } else if !machine.requestComplete {
                deadlines.wait(for: .requestBody, now: now)
            } else if phase == .requesting {
                deadlines.wait(for: .firstResponseByte, now: now)
            } else {
                deadlines.wait(for: .responseBody, now: now)
            }
            upstream?.watch(reading: !isBlocked)
            if !isBlocked, upstream?.hasPending ?? false { continueLater() }
        }
        client.watchExchange(reading: wantsRequestBytes || isRequestConsumed)
        if DeliberateFault.isOn(.deadlineForgotten) { return }
        timer.set(deadlines.next, on: reactor, handler: self)
        show()
    }

    /// Nothing of the request is left to come: the connection can carry another.
    var isRequestConsumed: Bool { machine.requestComplete || head.framing.isEmpty }

    /// Something moved: the current stage's time starts anew.
    func progressed() {
        let now = plane.reactor.now
        plane.panel.updateRow(row, .lastProgress, now.nanoseconds)
        deadlines.enter(deadlines.current, now: now)
    }

    /// Whether request bytes of the client can go anywhere now.
    var wantsRequestBytes: Bool {
        if let review { return review.isOpen && machine.phase == .identifying }
        guard machine.phase == .requesting || machine.phase == .responding, !machine.requestComplete else {
            return false
        }
        return !(upstream?.isBlocked ?? true)
    }

    /// Bytes wait inside TLS or the buffers, and their turn comes after everybody else's.
    func continueLater() {
        guard machine.phase != .ended, !isContinuing else { return }
        isContinuing = true
        plane.reactor.continueNextTurn(self, tag: Tag.continuation)
    }

    func timerFired(tag: UInt32, now: Instant) {
        if tag == Tag.continuation {
            isContinuing = false
            guard machine.phase != .ended else { return }
            if isTunnel { return relayTunnel() }
            client.receivePending()
            receiveResponse()
            return advance()
        }
        guard timer.isDue(now: now, on: plane.reactor, handler: self) else { return }
        guard let stage = deadlines.expired(now: now) else { return settle() }
        if stage == .tokenExpiry, expire(now: now) { return }
        if stage == .identity { noteMissingKeys() }
        perform(machine.end(.deadline(stage)))
    }
}
