// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// What all connections and exchanges of one gateway worker have in common: the loop, the memory, the bounds, the
/// figures. One worker has one, on one thread.
final class Plane: TimerHandler {
    let reactor: Reactor
    let configuration: GatewayConfiguration
    let limits: HeadLimits
    /// Our own answers are bounded by what they are made of.
    let ownAnswers: HeadLimits
    let waits: WaitLimits
    let buffers: BufferPool
    let panel: PanelWriter
    let logger: Logger
    let requestLog: RequestLog
    let authenticator: Authenticator
    /// The fields of the head that was parsed last, and whose head that was.
    let fields: FieldTable
    var fieldsOwner: UInt64 = 0
    /// The fields of the head that is given to HTTP/2 at the moment.
    let http2Fields: HTTP2FieldList
    private var sessionsToFlush: [any TurnEndWriter] = []
    private(set) var upstream: UpstreamPool!
    private(set) var lookups: Lookups!
    let identityLimits: IdentityLimits
    private var exchangeCount: UInt64 = 0
    private var auditIDs: AuditIDs
    private var lookupFailureLogged = Instant.zero
    /// Exchanges that wait for an issuer's keys, whether those are judged that new keys may help, and whom to ask for keys.
    private var keyWaiters = KeyWaiters<Exchange>()
    private var isJudgingWaiters = false
    private var keyRequests = KeyRequestPolicy()
    var askForKeys: (UInt16) -> Void = { _ in }
    /// What is spoken on a connection without TLS, and so without ALPN. (A simulated world, which has no TLS, chooses.)
    var plainSession: (ClientConnection) -> any ClientSession = { HTTP1Session(connection: $0) }
    /// Nothing new is begun; connections close after the request that they carry.
    private(set) var isDraining = false
    /// Ends watches and followed logs one by one while draining.
    let streamDrain: StreamDrain

    init(
        reactor: Reactor, configuration: GatewayConfiguration, panel: PanelWriter, logger: Logger,
        target: UpstreamTarget, credentials: UpstreamCredentials, auditSeed: UInt64, worker: String
    ) {
        auditIDs = AuditIDs(seed: auditSeed)
        self.reactor = reactor
        self.configuration = configuration
        self.panel = panel
        self.logger = logger
        limits = HeadLimits(
            startLine: configuration.limits.requestLine, head: configuration.limits.head,
            fields: configuration.limits.fields)
        waits = WaitLimits(configuration.deadlines)
        buffers = BufferPool(limit: configuration.limits.bufferMemory)
        fields = FieldTable(capacity: Self.fieldRoom(configuration.limits))
        ownAnswers = HeadLimits(startLine: .max, head: .max, fields: fields.capacity)
        // A request's head grows by its user's groups and extras, by whose groups it really is with (as extras), and by what
        // the gateway says of itself.
        http2Fields = HTTP2FieldList(
            capacity: fields.capacity + 2 * configuration.limits.groups + configuration.limits.extras + 32)
        requestLog = RequestLog(isOn: configuration.logging.requests, worker: worker, kernel: reactor.kernel)
        streamDrain = StreamDrain(reactor: reactor)
        identityLimits = IdentityLimits(configuration.limits)
        authenticator = Authenticator(configuration: configuration.authentication, limits: identityLimits)
        upstream = UpstreamPool(plane: self, target: target, credentials: credentials)
        lookups = Lookups(
            reactor: reactor, configuration: configuration, panel: panel,
            server: APIServerQuestions(pool: upstream, target: target), limits: identityLimits)
    }

    /// The fields of any head: of a client's request, of a response, whose bounds are not the clients', and of our own
    /// answer, which may name a user with all groups and extras that it may have.
    static func fieldRoom(_ limits: LimitsConfiguration) -> Int {
        max(limits.fields, ResponseProgress.limits.fields, limits.groups + limits.extras + 16)
    }

    /// A new exchange's number, unique within this worker; nil when as many as may be are in flight.
    func openExchange() -> (id: UInt64, row: Int)? {
        guard let row = panel.takeRow() else { return nil }
        exchangeCount += 1
        panel.add(.exchangesOpened)
        panel.add(.exchangesInFlight)
        return (exchangeCount, row)
    }

    #if DEBUG
        /// For the simulator, which compares an exchange that begins anew with one that was just made.
        var onRenewal: (_ renewed: Exchange, _ new: Exchange) -> Void = { _, _ in }
    #endif

    /// What a request is called that does not bring a name of its own.
    func makeAuditID() -> AuditID { auditIDs.next() }

    func closeExchange(row: Int) {
        panel.freeRow(row)
        panel.add(.exchangesEnded)
        panel.add(.exchangesInFlight, -1)
    }

    // MARK: Turns

    /// The session is to write before the loop waits.
    func flushAtTurnEnd(_ session: any TurnEndWriter) {
        sessionsToFlush.append(session)
    }

    /// The loop is about to wait.
    func finishTurn() {
        while !sessionsToFlush.isEmpty {
            let sessions = sessionsToFlush
            sessionsToFlush.removeAll(keepingCapacity: true)
            for session in sessions { session.flush() }
        }
    }

    // MARK: Counting

    /// A deadline passed.
    func count(_ deadline: DeadlineSeries) {
        panel.add(.deadlinesExceeded)
        panel.count(.deadlines, deadline.index)
    }

    func count(_ authentication: AuthenticationSeries) {
        panel.add(authentication.isAccepted ? .authenticationAccepted : .authenticationRefused)
        panel.count(.authentication, authentication.index)
    }

    /// A request that the gateway answered before it could become an exchange.
    func countWithoutExchange(_ transport: RequestSeries.Transport, status: Int) {
        panel.count(.requests, RequestSeries(transport, .other, status: status).index)
    }

    /// When a stream that begins with this identity is to end; nil: never.
    func streamEnd(of identity: Identity) -> Instant? {
        guard let allowance = configuration.authentication.tokenExpiry.allowance else { return nil }
        let left = identity.expiresAt - Double(reactor.kernel.wallClock())
        // Beyond a hundred years it is no date.
        guard left < 3_153_600_000 else { return nil }
        return reactor.now + .seconds(Int64(max(0, left.rounded(.up)))) + allowance
    }

    /// Said once a second at most: a service that is down fails every request.
    func noteLookupFailure(_ failure: LookupFailure) {
        guard failure != .tooMany, reactor.now.since(lookupFailureLogged) >= .seconds(1) else { return }
        lookupFailureLogged = reactor.now
        logger.warning("look-up failed", metadata: ["failure": "\(failure.name)"])
    }

    // MARK: Keys

    /// Judged again in one turn: each may cost several verifications, and others wait for the loop meanwhile.
    private static let judgedPerTurn = 16

    /// - Parameters:
    ///   - issuer: whose key would decide, a place in the configuration.
    ///   - mark: of its keys that could not.
    /// - Returns: false: too many wait for them already.
    func waitForKeys(_ exchange: Exchange, of issuer: Int, mark: UInt64) -> Bool {
        guard keyWaiters.add(exchange, number: exchange.id, issuer: issuer, mark: mark) else { return false }
        publishKeyWaiters()
        askForKeysIfNeeded(issuer)
        return true
    }

    func stopWaitingForKeys(_ exchange: Exchange) {
        keyWaiters.remove(exchange.id)
        publishKeyWaiters()
    }

    func install(_ keys: KeySet) {
        authenticator.install(keys)
        keyRequests.answered()
        panel.set(.keysGeneration, keys.generation)
        keyWaiters.keysCame { authenticator.keysMark(issuer: $0) }
        judgeWaiters()
        // These keys may be another issuer's, or a new keyring's that does not know who waits.
        for issuer in keyWaiters.issuers { askForKeysIfNeeded(issuer) }
    }

    /// Those that new keys may help, a few in each turn.
    private func judgeWaiters() {
        for _ in 0..<Self.judgedPerTurn {
            guard let exchange = keyWaiters.takeDue() else { break }
            exchange.keysArrived()
        }
        publishKeyWaiters()
        guard keyWaiters.hasDue, !isJudgingWaiters else { return }
        isJudgingWaiters = true
        reactor.continueNextTurn(self, tag: 0)
    }

    func timerFired(tag: UInt32, now: Instant) {
        isJudgingWaiters = false
        judgeWaiters()
    }

    private func askForKeysIfNeeded(_ issuer: Int) {
        if keyRequests.wanted(issuer, now: reactor.now) { askForKeys(UInt16(issuer)) }
    }

    private func publishKeyWaiters() { panel.set(.keyWaiters, UInt64(keyWaiters.count)) }

    func startDraining() { isDraining = true }

    func publishMemory() {
        panel.set(.bufferBytes, UInt64(buffers.leased))
        panel.set(.bufferRefusals, buffers.refusals)
        panel.set(Figure.logLinesLost, StandardStream.linesLost)
    }
}
