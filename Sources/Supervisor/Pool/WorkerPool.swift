// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// Who hears of what concerns more than the pool.
protocol WorkerPoolOwner: AnyObject {
    /// A gateway worker can be given connections.
    func workerBecameReady(now: Instant)
    /// A slot will have no process any more.
    func slotGone(now: Instant)
    /// No child can ever start with this configuration.
    func poolGivesUp(exitCode: Int32, now: Instant)
    /// A roll has ended; `failure`: why the old edition stays in force.
    func rollEnded(failure: String?, now: Instant)
}

/// All children: starts, watches and ends them as their slots' machines say, and passes words between them.
/// `WorkerPool+Messages.swift` has what they say, `WorkerPool+Shutdown.swift` how they end.
final class WorkerPool: TimerHandler, WorkerProcessOwner {
    let reactor: Reactor
    let log: Logger
    let handOff: HandOff
    /// One more than there are workers: the spare one is where a replacement starts while the old one still serves.
    var gateways: [WorkerSlot]
    /// What gateway workers are started with.
    var current: Edition
    /// The current edition's keyring, and another one while the pool goes over to another edition.
    var keyrings: [KeyringPost]
    var roll: Roll?
    /// nil: none is configured.
    let admin: AdminGate?
    /// What the supervisor says of itself to whoever reads panels.
    let board: SupervisorBoard
    /// Set before the start.
    weak var owner: (any WorkerPoolOwner)?
    var tally = ShutdownTally()
    var stopping = false
    var replacement = ReplacementStateMachine()
    /// No voluntary replacement before: the last one failed.
    var replaceNotBefore = Instant.zero
    /// Children that were replaced, by reason.
    var recycles: [RecycleReason: UInt64] = [:]
    private let descriptorLimit: Int
    private var refusalPacer = LogPacer()
    let reserve = DescriptorReserve()
    var everReady = Set<WorkerRole>()
    private var healthTimer = Reactor.Timer.none
    private var health: HealthPolicy

    enum Tag {
        static let refresh = UInt32.max
        static let health = UInt32.max - 1
    }

    /// After a replacement that did not become ready.
    static let pauseAfterFailure = Duration.seconds(30)

    var slots: [WorkerSlot] { gateways + keyrings.map(\.slot) + (admin.map { [$0.slot] } ?? []) }
    var keyring: WorkerSlot { current.keyring.slot }
    /// Gateway workers that there should be.
    var target: Int { current.workers }
    /// Connections that one worker is given at most.
    var creditsPerWorker: Int { current.credits }
    var deadlines: DeadlinesConfiguration { current.configuration.deadlines }

    /// Where its connections are counted; nil: it never has any.
    func handOff(of process: WorkerProcess) -> HandOff? {
        switch process.role {
        case .gateway: handOff
        case .admin: admin?.handOff
        case .keyring: nil
        }
    }

    init(
        reactor: Reactor, configuration: GatewayConfiguration, workers: Int, descriptorLimit: Int,
        launcher: any ChildLauncher, adminSockets: ListenerSockets? = nil, log: Logger
    ) throws(Errno) {
        self.reactor = reactor
        self.log = log
        self.descriptorLimit = descriptorLimit
        let now = reactor.now
        health = HealthPolicy(now)
        let start = configuration.deadlines.workerStart
        let keyring = KeyringPost(
            number: KeyringPost.firstNumber, launcher: launcher, startAllowance: start, now: now)
        keyrings = [keyring]
        let edition = Edition(
            configuration, launcher: launcher, keyring: keyring, workers: workers,
            credits: Self.credits(configuration.workers.maxConnections, descriptorLimit: descriptorLimit))
        current = edition
        gateways = (0...workers).map {
            let slot = WorkerSlot(
                number: $0, role: .gateway, isSpare: $0 == workers, startAllowance: start, now: now)
            slot.edition = edition
            return slot
        }
        board = try SupervisorBoard(slots: workers, now: now, wallClock: reactor.kernel.wallClock())
        if let adminSockets {
            admin = try AdminGate(
                reactor: reactor, sockets: adminSockets, board: board,
                slot: WorkerSlot(number: AdminGate.slotNumber, role: .admin, startAllowance: start, now: now), log: log)
        } else {
            admin = nil
        }
        handOff = HandOff(
            kernel: reactor.kernel,
            capacity: AcceptPolicy.unclaimedBound(descriptorLimit: descriptorLimit), slots: workers + 1,
            holdAllowance: configuration.deadlines.tlsHandshake)
        handOff.addresses = AddressLimiter(configuration)
        warnOfCredits(edition)
    }

    /// An edition to go over to.
    func makeEdition(
        _ configuration: GatewayConfiguration, launcher: any ChildLauncher, keepsKeyring: Bool
    ) -> Edition {
        let keyring =
            keepsKeyring
            ? current.keyring
            : makeKeyring(launcher: launcher, startAllowance: configuration.deadlines.workerStart)
        let edition = Edition(
            configuration, launcher: launcher, keyring: keyring,
            workers: WorkerCount.workers(
                configured: configuration.workers.count, cores: ProcessFigures.usableCores,
                quota: WorkerCount.ownQuota()),
            credits: Self.credits(configuration.workers.maxConnections, descriptorLimit: descriptorLimit))
        warnOfCredits(edition)
        return edition
    }

    private func warnOfCredits(_ edition: Edition) {
        let configured = edition.configuration.workers.maxConnections
        guard edition.credits < configured else { return }
        log.warning(
            "workers are given fewer connections than configured: the descriptor limit is too low",
            metadata: [
                "max_connections": "\(configured)", "given": "\(edition.credits)",
                "descriptor_limit": "\(descriptorLimit)",
            ])
    }

    /// Each connection may need a second descriptor, to the API server; a few are for files, look-ups and ourselves.
    static func credits(_ configured: Int, descriptorLimit: Int) -> Int {
        min(configured, max(8, (descriptorLimit - 64) / 2))
    }

    /// Starts all children. The keyring first: workers wait for its keys.
    func start() {
        advance(keyring, now: reactor.now)
        for slot in gateways { advance(slot, now: reactor.now) }
        if let admin { advance(admin.slot, now: reactor.now) }
        health = HealthPolicy(reactor.now)
        healthTimer = reactor.startTimer(at: reactor.now + HealthPolicy.interval, handler: self, tag: Tag.health)
    }

    var readyGateways: Int { gateways.count { $0.machine.state == .ready } }

    // MARK: Time

    func timerFired(tag: UInt32, now: Instant) {
        switch tag {
        case Tag.health:
            healthTimer = reactor.startTimer(at: now + HealthPolicy.interval, handler: self, tag: Tag.health)
            lookAfterAll(now)
        case Tag.refresh:
            for post in keyrings {
                for issuer in post.refresh.due(now) { askForKeys(post, issuer: issuer) }
            }
        default:
            guard let slot = slots.first(where: { $0.number == Int(tag) }) else { return }
            slot.timer = .none
            advance(slot, now: now)
        }
    }

    private func lookAfterAll(_ now: Instant) {
        health.looks(now)
        for slot in slots {
            guard let process = slot.process else { continue }
            let verdict = health.judge(heartbeat: process.panel.heartbeat, now: now)
            handOff(of: process)?.setSluggish(process.id, verdict != .healthy)
            if verdict == .hung {
                let action = slot.machine.hung(now)
                // Before the signal, which would change what there is to see.
                if action != .none { BlackBox(log: log, now: now).writeHang(process) }
                perform(action, on: slot, now: now)
            }
            if slot.role == .gateway { considerRecycling(slot, process, now: now) }
        }
        lookAfterReplacement(now)
        lookAfterRoll(now)
        reserve.refill()
        dispatch()
        _ = admin?.handOff.giveUpHeld(until: now)
        let given = handOff.giveUpHeld(until: now)
        if given > 0 { log.error("no worker took connections in time", metadata: ["lost": "\(given)"]) }
        // Workers that were out of descriptors may have some again.
        for slot in gateways where slot.process != nil { handOff.workerHasRoom(slot.id) }
        dispatch()
    }

    /// Lets a slot's machine act, and waits for its next deadline.
    func advance(_ slot: WorkerSlot, now: Instant) {
        perform(slot.machine.timeReached(now), on: slot, now: now)
    }

    func perform(_ action: SlotStateMachine.Action, on slot: WorkerSlot, now: Instant) {
        switch action {
        case .none: break
        case .spawn: spawn(slot, now: now)
        case .signal(let signal, let reason):
            log.error(
                "ending child",
                metadata: [
                    "role": "\(slot.role.rawValue)", "worker": "\(slot.id)", "signal": "\(signal)",
                    "reason": "\(reason.rawValue)",
                ])
            slot.process?.signal(signal)
        }
        setTimer(of: slot)
    }

    func setTimer(of slot: WorkerSlot) {
        reactor.cancelTimer(&slot.timer)
        let deadline = slot.machine.nextDeadline
        guard deadline != .never else { return }
        slot.timer = reactor.startTimer(at: deadline, handler: self, tag: UInt32(slot.number))
    }

    // MARK: Death

    /// The keyring that holds this slot, or whose keys the worker in it is given.
    func post(of slot: WorkerSlot) -> KeyringPost {
        slot.edition?.keyring ?? keyrings.first { $0.slot === slot } ?? current.keyring
    }

    /// nil: the process is not there any more.
    func slot(of process: WorkerProcess) -> WorkerSlot? {
        let place = process.id.slot
        // A gateway worker's is asked for with each message of its.
        if gateways.indices.contains(place), gateways[place].process === process { return gateways[place] }
        return slots.first { $0.process === process }
    }

    func noteReady(_ role: WorkerRole) { everReady.insert(role) }

    func ended(_ process: WorkerProcess, _ exit: ChildProcess.Exit) {
        let now = reactor.now
        guard let slot = slot(of: process) else { return }
        slot.process = nil
        let (kept, lost) = handOff(of: process)?.workerDied(process.id, now: now) ?? (0, 0)
        board.ended(process)
        admin?.ended(process)
        let aftermath = slot.machine.exited(now)
        BlackBox(log: log, now: now).write(
            process, exit: exit, slot: slot, asTold: slot.machine.wasToldToDrain || aftermath == .gone, kept: kept,
            lost: lost)
        if let begin = process.drainBegan { tally.workerGone(begin: begin, end: process.figures) }
        let restarts = aftermath != .gone
        if let reason = RecycleReason(
            endedFor: slot.machine.reason, wasToldToDrain: slot.machine.wasToldToDrain, restarts: restarts)
        {
            countReplacement(for: reason)
        }
        if slot.role == .gateway { noteEnd(of: slot, restarts: restarts, now: now) }
        if exit.code == ExitCode.configuration, slot.machine.reason == nil, !everReady.contains(process.role) {
            log.critical("a child cannot work with this configuration", metadata: ["role": "\(process.role.rawValue)"])
            setTimer(of: slot)
            owner?.poolGivesUp(exitCode: ExitCode.configuration, now: now)
            return
        }
        if stopping { giveUpWithoutTakers() } else { dropKeyrings() }
        setTimer(of: slot)
        if aftermath == .gone { owner?.slotGone(now: now) }
        dispatch()
    }

    // MARK: Connections

    func accepted(_ socket: consuming FileDescriptor, listener: UInt16, peer: SocketAddress, now: Instant) {
        if let refusal = handOff.accepted(socket, listener: listener, peer: peer, now: now),
            let times = refusalPacer.happened(now)
        {
            log.warning(
                "connections of an address refused",
                metadata: ["client": "\(peer.host)", "limit": "\(refusal.rawValue)", "since_last_line": "\(times)"])
        }
        dispatch()
    }

    func dispatch() {
        admin?.dispatch()
        handOff.dispatch { offer, socket in
            let message = ToWorker.connection(
                id: offer.connection.rawValue, listener: offer.listener, peer: offer.peer)
            return gateways[offer.worker.slot].process?.send(message, passing: socket) == .sent
        }
    }
}
