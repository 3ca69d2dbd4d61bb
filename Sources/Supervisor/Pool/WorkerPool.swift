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
}

/// All children: starts, watches and ends them as their slots' machines say, and passes words between them.
/// `WorkerPool+Messages.swift` has what they say, `WorkerPool+Shutdown.swift` how they end.
final class WorkerPool: TimerHandler, WorkerProcessOwner {
    let reactor: Reactor
    let log: Logger
    let handOff: HandOff
    /// One more than there are workers: the spare one is where a replacement starts while the old one still serves.
    let gateways: [WorkerSlot]
    /// Gateway workers that there should be.
    let target: Int
    let keyring: WorkerSlot
    /// Set before the start.
    weak var owner: (any WorkerPoolOwner)?
    var keys = KeyStore()
    var refresh = RefreshPolicy()
    /// Keys were asked for while the keyring could not be told.
    var keysOwed = false
    var tally = ShutdownTally()
    var stopping = false
    /// Connections that one worker is given at most.
    let creditsPerWorker: Int
    let deadlines: DeadlinesConfiguration
    var replacement = ReplacementStateMachine()
    /// No voluntary replacement before: the last one failed.
    var replaceNotBefore = Instant.zero
    /// Gateway workers that were replaced, by reason.
    var recycles: [RecycleReason: UInt64] = [:]
    private let launcher: any ChildLauncher
    private let recycling: RecyclingConfiguration
    private let maxInFlight: Int
    private var everReady = Set<WorkerRole>()
    private var healthTimer = Reactor.Timer.none

    enum Tag {
        static let refresh = UInt32.max
        static let health = UInt32.max - 1
    }

    /// After a replacement that did not become ready.
    static let pauseAfterFailure = Duration.seconds(30)

    var slots: [WorkerSlot] { gateways + [keyring] }

    init(
        reactor: Reactor, configuration: GatewayConfiguration, workers: Int, descriptorLimit: Int,
        launcher: any ChildLauncher, log: Logger
    ) {
        self.reactor = reactor
        self.log = log
        self.launcher = launcher
        let start = configuration.deadlines.workerStart
        deadlines = configuration.deadlines
        recycling = configuration.recycling
        maxInFlight = configuration.workers.maxInFlight
        target = workers
        gateways = (0...workers).map {
            WorkerSlot(
                number: $0, role: .gateway, isSpare: $0 == workers, startAllowance: start, now: reactor.now)
        }
        keyring = WorkerSlot(number: workers + 1, role: .keyring, startAllowance: start, now: reactor.now)
        handOff = HandOff(
            kernel: reactor.kernel,
            capacity: AcceptPolicy.unclaimedBound(descriptorLimit: descriptorLimit), slots: workers + 1,
            holdAllowance: configuration.deadlines.tlsHandshake)
        creditsPerWorker = Self.credits(configuration.workers.maxConnections, descriptorLimit: descriptorLimit)
        if creditsPerWorker < configuration.workers.maxConnections {
            log.warning(
                "workers are given fewer connections than configured: the descriptor limit is too low",
                metadata: [
                    "max_connections": "\(configuration.workers.maxConnections)", "given": "\(creditsPerWorker)",
                    "descriptor_limit": "\(descriptorLimit)",
                ])
        }
    }

    /// Each connection may need a second descriptor, to the API server; a few are for files, look-ups and ourselves.
    static func credits(_ configured: Int, descriptorLimit: Int) -> Int {
        min(configured, max(8, (descriptorLimit - 64) / 2))
    }

    /// Starts all children. The keyring first: workers wait for its keys.
    func start() {
        advance(keyring, now: reactor.now)
        for slot in gateways { advance(slot, now: reactor.now) }
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
            refresh.due(now)
            askForKeys()
        default:
            let slot = Int(tag) == keyring.number ? keyring : gateways[Int(tag)]
            slot.timer = .none
            advance(slot, now: now)
        }
    }

    private func lookAfterAll(_ now: Instant) {
        for slot in slots {
            guard let process = slot.process else { continue }
            let verdict = HealthPolicy.judge(heartbeat: process.panel.heartbeat, now: now)
            handOff.setSluggish(process.id, verdict != .healthy)
            if verdict == .hung { perform(slot.machine.hung(now), on: slot, now: now) }
            if slot.role == .gateway { considerRecycling(slot, process, now: now) }
        }
        lookAfterReplacement(now)
        dispatch()
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

    // MARK: Birth and death

    private func spawn(_ slot: WorkerSlot, now: Instant) {
        do throws(Errno) {
            let process = try WorkerProcess(
                id: slot.id, role: slot.role, launcher: launcher, reactor: reactor, owner: self)
            slot.process = process
            if slot.role == .gateway {
                process.recycling = RecyclePolicy(
                    recycling, maxInFlight: maxInFlight, spread: RecyclePolicy.spread(pid: process.pid, id: slot.id))
            }
            log.info(
                "started child",
                metadata: ["role": "\(slot.role.rawValue)", "worker": "\(slot.id)", "pid": "\(process.pid)"])
        } catch {
            log.error(
                "cannot start child",
                metadata: ["role": "\(slot.role.rawValue)", "worker": "\(slot.id)", "error": "\(error)"])
            let aftermath = slot.machine.spawnFailed(now)
            if slot.role == .gateway { perform(replacement.ended(slot: slot.number), now: now) }
            if aftermath == .gone { owner?.slotGone(now: now) }
        }
    }

    func noteReady(_ role: WorkerRole) { everReady.insert(role) }

    func ended(_ process: WorkerProcess, _ exit: ChildProcess.Exit) {
        let now = reactor.now
        let slot = process.role == .keyring ? keyring : gateways[process.id.slot]
        slot.process = nil
        let (kept, lost) = process.role == .gateway ? handOff.workerDied(process.id, now: now) : (0, 0)
        let aftermath = slot.machine.exited(now)
        BlackBox(log: log, now: now).write(process, exit: exit, slot: slot, kept: kept, lost: lost)
        if let begin = process.drainBegan { tally.workerGone(begin: begin, end: process.figures) }
        if slot.role == .gateway { noteEnd(of: slot, restarts: aftermath != .gone, now: now) }
        if exit.code == ExitCode.configuration, slot.machine.reason == nil, !everReady.contains(process.role) {
            log.critical("a child cannot work with this configuration", metadata: ["role": "\(process.role.rawValue)"])
            setTimer(of: slot)
            owner?.poolGivesUp(exitCode: ExitCode.configuration, now: now)
            return
        }
        if stopping { giveUpWithoutTakers() }
        setTimer(of: slot)
        if aftermath == .gone { owner?.slotGone(now: now) }
        dispatch()
    }

    // MARK: Connections

    func accepted(_ socket: consuming FileDescriptor, listener: UInt16, peer: SocketAddress, now: Instant) {
        handOff.accepted(socket, listener: listener, peer: peer, now: now)
        dispatch()
    }

    func dispatch() {
        handOff.dispatch { offer, socket in
            let message = ToWorker.connection(
                id: offer.connection.rawValue, listener: offer.listener, peer: offer.peer)
            return gateways[offer.worker.slot].process?.send(message, passing: socket) == .sent
        }
    }
}
