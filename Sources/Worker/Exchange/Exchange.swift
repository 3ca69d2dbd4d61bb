// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// One request from its head to its end, and the owner of everything that it started: its place among the waiters for
/// keys, its upstream connection, its deadline, its row on the scoreboard.
///
/// This is the one interpreter of `ExchangeStateMachine`'s actions. Whatever happens goes into the machine, and when
/// that says `end`, `finish` releases all of it, at once and in one place: there is no second path out.
final class Exchange: TimerHandler, UpstreamUser {
    let plane: Plane
    let id: UInt64
    let row: Int
    unowned let client: ClientSide
    let head: RequestHead
    let isLongRunning: Bool
    /// A watch or a followed log, which a drain may end between two items.
    let isStream: Bool
    /// The drain has come to it.
    var endsWithDrain = false
    private let verb: RequestSeries.Verb
    /// Kept here because the client's side may be gone when the request is counted.
    private let transport: RequestSeries.Transport
    private let started: Instant
    private let summary: ExchangeRow
    var machine: ExchangeStateMachine
    var deadlines: ExchangeDeadlines
    var timer = DeadlineTimer()
    private(set) var identity: Identity?
    private(set) var upstream: UpstreamConnection?
    var requestBody: BodyRelay
    var response: ResponseProgress
    /// The request asks for an upgrade that we forward. Whatever comes behind its head is not HTTP, or cannot be told
    /// from it; so, if it is refused, the connection ends with the answer.
    let asksForTunnel: Bool
    /// After a 101.
    var tunnel: Tunnel?
    /// The request's head still lies in the client's buffer, in case it must be sent again.
    private(set) var headHeld = true
    private var isWaitingForKeys = false
    /// Reading is to go on in the next turn, though no event will say so.
    private var isContinuing = false
    var status = 0
    private var bytesTunnelled: (fromClient: UInt64, toClient: UInt64) = (0, 0)

    /// The timers' tags.
    private enum Tag {
        static let deadline: UInt32 = 0
        static let continuation: UInt32 = 1
    }

    init(
        plane: Plane, client: ClientSide, number: (id: UInt64, row: Int), head: RequestHead, info: RequestInfo,
        summary: ExchangeRow
    ) {
        self.plane = plane
        self.client = client
        self.head = head
        id = number.id
        row = number.row
        started = plane.reactor.now
        isLongRunning = info.isLongRunning
        isStream = info.isStream
        verb = RequestSeries.Verb(info.verb)
        transport = client.transport
        self.summary = summary
        asksForTunnel = client.tunnelSocket != nil && (head.upgrade == .webSocket || head.upgrade == .spdy)
        machine = ExchangeStateMachine(
            repeatable: head.method.isIdempotent && head.framing.isEmpty, mayTunnel: asksForTunnel)
        deadlines = ExchangeDeadlines(
            configuration: plane.configuration.deadlines, start: started, isLongRunning: info.isLongRunning)
        requestBody = BodyRelay(from: client.bodyFraming(of: head), to: head.framing)
        response = ResponseProgress(buffers: plane.buffers)
    }

    // MARK: Identity

    func start() {
        publish()
        if isLongRunning { plane.panel.add(.longRunningInFlight) }
        if head.hasImpersonation, !DeliberateFault.isOn(.impersonationIgnored) {
            return perform(machine.end(.refused(.impersonationDenied)))
        }
        if asksForTunnel, !head.framing.isEmpty { return perform(machine.end(.refused(.upgradeWithBody))) }
        identify(mayWait: true)
    }

    /// Judges the token, which lies in the client's buffer still.
    private func identify(mayWait: Bool) {
        switch client.authenticate(head, of: id) {
        case nil:
            plane.count(.noCredentials)
            perform(machine.end(.refused(.unauthenticated)))
        case .accepted(let identity):
            plane.count(.accepted)
            self.identity = identity
            perform(machine.identified())
        case .refused(let refusal):
            plane.count(.refused(refusal.reason))
            plane.logger.debug("token refused", metadata: ["reason": "\(refusal.reason.rawValue)"])
            perform(machine.end(.refused(.tokenRefused)))
        case .needsKeys where mayWait:
            isWaitingForKeys = true
            plane.waitForKeys(self)
            settle()
        case .needsKeys:
            plane.count(.noKey)
            perform(machine.end(.refused(.tokenRefused)))
        }
    }

    /// A new set of keys is in force: the token is judged by it, for good.
    func keysArrived() {
        isWaitingForKeys = false
        guard machine.phase == .identifying else { return }
        identify(mayWait: false)
        advance()
    }

    // MARK: Upstream

    func upstreamConnecting(_ connection: UpstreamConnection) {
        upstream = connection
    }

    func upstreamReady(_ connection: UpstreamConnection, reused: Bool) {
        upstream = connection
        perform(machine.upstreamAcquired(reused: reused))
        advance()
    }

    func upstreamUnavailable(_ failure: UpstreamFailure) {
        upstream = nil
        perform(machine.upstreamFailed(failure))
    }

    func upstreamEvent(_ readiness: Readiness) {
        if isTunnel { return tunnelUpstreamEvent(readiness) }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .failed]) { receiveResponse() }
        advance()
    }

    private func connect(fresh: Bool) {
        deadlines.enter(.connect, now: plane.reactor.now)
        switch plane.upstream.acquire(for: self, fresh: fresh) {
        case .ready(let connection):
            upstream = connection
            perform(machine.upstreamAcquired(reused: true))
        case .pending(let connection):
            if !DeliberateFault.isOn(.connectingUpstreamForgotten) { upstream = connection }
            settle()
        case .failed(let failure):
            perform(machine.upstreamFailed(failure))
        }
    }

    private func sendHead() {
        guard let upstream, let identity else { return }
        deadlines.enter(head.framing.isEmpty ? .firstResponseByte : .requestBody, now: plane.reactor.now)
        guard
            client.writeRequestHead(
                head, of: id, identity: identity, tunnel: asksForTunnel, to: &upstream.send)
        else {
            return perform(machine.end(.refused(.identityTooLarge)))
        }
        // A fresh connection needs no second try, so its request's head need not be kept.
        if !machine.mayRetry { releaseHead() }
        publish()
    }

    func releaseHead() {
        guard headHeld else { return }
        headHeld = false
        client.consumeHead(head)
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
        if isWaitingForKeys, !DeliberateFault.isOn(.staysAmongKeyWaiters) { plane.stopWaitingForKeys(self) }
        if let upstream {
            self.upstream = nil
            switch disposition.upstream {
            case .release where DeliberateFault.isOn(.upstreamAlwaysReused): plane.upstream.release(upstream)
            case .close where DeliberateFault.isOn(.upstreamLivesOn): break
            case .release where response.keepsUpstream && upstream.send.isEmpty && upstream.receive.isEmpty:
                plane.upstream.release(upstream)
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
    }

    /// Relays what can be relayed, then says what is waited for.
    func advance() {
        guard machine.phase != .ended else { return }
        if isTunnel { return relayTunnel() }
        relayRequest()
        guard machine.phase != .ended else { return }
        client.flush()
        settle()
    }

    // MARK: Deadlines and interest

    /// After every step: which events and which deadline come next.
    func settle() {
        guard machine.phase != .ended else { return }
        let now = plane.reactor.now
        switch machine.phase {
        case .identifying, .connecting, .ended: break
        case .tunnelling: return settleTunnel()
        case .requesting, .responding:
            if client.isBlocked {
                deadlines.wait(for: .clientWrite, now: now)
            } else if upstream?.isBlocked ?? false {
                deadlines.wait(for: .upstreamWrite, now: now)
            } else if !machine.requestComplete {
                deadlines.wait(for: .requestBody, now: now)
            } else if machine.phase == .requesting {
                deadlines.wait(for: .firstResponseByte, now: now)
            } else {
                deadlines.wait(for: .responseBody, now: now)
            }
            upstream?.watch(reading: !client.isBlocked)
            if !client.isBlocked, upstream?.hasPending ?? false { continueLater() }
        }
        client.watchExchange(reading: wantsRequestBytes || isRequestConsumed)
        if DeliberateFault.isOn(.deadlineForgotten) { return }
        timer.set(deadlines.next, on: plane.reactor, handler: self)
        show()
    }

    /// Nothing of the request is left to come: the connection can carry another.
    var isRequestConsumed: Bool { machine.requestComplete || head.framing.isEmpty }

    /// Something moved: the current stage's time starts anew.
    func progressed() {
        plane.panel.updateRow(row, .lastProgress, plane.reactor.now.nanoseconds)
        deadlines.enter(deadlines.current, now: plane.reactor.now)
    }

    /// Whether request bytes of the client can go anywhere now.
    var wantsRequestBytes: Bool {
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
        perform(machine.end(.deadline(stage)))
    }

    // MARK: Seen from outside

    func publish() {
        var row = summary
        row.id = id
        row.phase = UInt64(machine.phase.rawValue)
        row.started = started
        row.deadline = deadlines.next
        row.lastProgress = plane.reactor.now
        row.kind = isTunnel ? .tunnel : isLongRunning ? .longRunning : .ordinary
        row.bytesFromClient = requestBody.moved
        row.bytesToClient = response.bodyBytes
        if let identity { row.user = FixedText(identity.user.username) }
        plane.panel.writeRow(self.row, row)
    }

    /// What has changed of the row since it was written whole.
    func show() {
        let tunnelled = tunnel?.bytes ?? (fromClient: 0, toClient: 0)
        plane.panel.updateRow(row, .phase, UInt64(machine.phase.rawValue))
        plane.panel.updateRow(row, .deadline, deadlines.next.nanoseconds)
        plane.panel.updateRow(row, .bytesFromClient, requestBody.moved + tunnelled.fromClient)
        plane.panel.updateRow(row, .bytesToClient, response.bodyBytes + tunnelled.toClient)
    }

    /// The response's status is known now, also where the gateway gave it.
    private func countRequest(_ reason: EndReason) {
        let duration = plane.reactor.kernel.now().since(started)
        plane.panel.count(.requests, RequestSeries(transport, verb, status: status).index)
        if hadTunnel { countTunnel(-1) }
        if isLongRunning {
            plane.panel.add(.longRunningInFlight, -1)
        } else if !hadTunnel {
            plane.panel.recordDuration(duration)
        }
        log(reason, duration)
    }

    private func countCancellation(_ cause: CancellationSeries.Cause) {
        guard let phase = ExchangePhase(rawValue: UInt64(machine.lastPhase.rawValue)) else { return }
        plane.panel.count(.cancellations, CancellationSeries(cause, phase).index)
    }

    private func count(_ reason: EndReason) {
        switch reason {
        case .completed: plane.panel.add(.requestsCompleted)
        case .clientGone:
            plane.panel.add(.cancelledByClient)
            countCancellation(.client)
            plane.panel.recordOrphanTime(plane.reactor.kernel.now().since(plane.reactor.now))
        case .deadline(let stage): plane.count(.exchange(stage))
        case .cut:
            plane.panel.add(.cutAtDrain)
            countCancellation(.gateway)
        case .cancelled: countCancellation(.operator)
        case .drained: plane.panel.add(.endedAtDrain)
        case .refused(.tooManyInFlight), .refused(.noBuffers): plane.panel.add(.overloadRefusals)
        case .refused, .clientInvalid, .upstreamFailed, .upstreamInvalid: break
        }
    }

    private func log(_ reason: EndReason, _ duration: Duration) {
        plane.requestLog.record(
            RequestLog.Entry(
                id: id, client: summary.client, method: summary.method.text, path: summary.path.text,
                user: identity?.user.username ?? "", status: status, reason: reason.name,
                bytesFromClient: requestBody.moved + bytesTunnelled.fromClient,
                bytesToClient: response.bodyBytes + bytesTunnelled.toClient,
                duration: duration, isLongRunning: isLongRunning,
                retried: machine.retried))
    }
}
