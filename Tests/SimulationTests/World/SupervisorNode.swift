// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

@testable import Supervisor

/// The supervisor: the real pool with its hand-off, slots and messages, and the real policies of accepting and stopping,
/// on a simulated kernel. Only what ties them to Linux (listening, signals, systemd) is played here.
final class SupervisorNode: SimulatedProcess, EventHandler, TimerHandler {
    let pool: WorkerPool
    private(set) var shutdown: ShutdownStateMachine
    private var policy = AcceptPolicy()
    private var listenerFD: Int32
    private var listener = Reactor.Registration.none
    private var shutdownTimer = Reactor.Timer.none
    private(set) var configuration: GatewayConfiguration
    private(set) var exitCode: Int32?
    private var acceptedAt: [Int: Instant] = [:]
    let rolls = RollWatch()
    private var signals = 0

    init(world: World, configuration: GatewayConfiguration, listener: Listener, launcher: SimulatedLauncher) {
        self.configuration = configuration
        shutdown = ShutdownStateMachine(configuration.deadlines)
        let kernel = SimulatedKernel(world: world)
        listenerFD = kernel.insert(listener)
        let reactor = Reactor(kernel: kernel)
        do {
            pool = try WorkerPool(
                reactor: reactor, configuration: configuration, workers: world.scenario.workers, descriptorLimit: 320,
                launcher: launcher, log: Logger(label: "simulated") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            fatalError("no memory for the supervisor's panel: \(error)")
        }
        super.init(world: world, kernel: kernel, reactor: reactor)
        kernel.onClose = { [unowned self] endpoint, reset in closing(endpoint, reset) }
        launcher.supervisor = kernel
        pool.owner = self
        reactor.atTurnEnd { [unowned self] in watchListener() }
        do {
            self.listener = try reactor.register(listenerFD, [], handler: self)
        } catch {
            fatalError("the listener is not watched: \(error)")
        }
        pool.start()
        wake(after: .zero)
    }

    // MARK: Accepting

    private var decision: AcceptPolicy.Decision {
        let ledger = pool.handOff.ledger
        return policy.decide(credits: ledger.credits, held: ledger.held, room: ledger.room, now: reactor.now)
    }

    private func watchListener() {
        guard !policy.stopping else { return }
        switch decision {
        case .accept: reactor.setInterest(listener, .read)
        case .pause(.descriptors(let until)):
            reactor.setInterest(listener, [])
            _ = reactor.startTimer(at: until, handler: self, tag: 1)
        case .pause: reactor.setInterest(listener, [])
        }
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        while case .accept = decision {
            switch kernel.accept(listenerFD) {
            case .success(let (fd, peer)):
                if let endpoint = kernel.endpoint(fd) { acceptedAt[endpoint.id] = world.now }
                pool.accepted(FileDescriptor(owning: fd), listener: 0, peer: peer, now: now)
            case .failure(.again): return
            case .failure:
                policy.descriptorsExhausted(now)
                return
            }
        }
    }

    /// A connection that nobody has read from is only given up when its time is over, or at the end.
    private func closing(_ endpoint: Endpoint, _ reset: Bool) {
        guard reset, endpoint.bytesRead == 0, !endpoint.closedOnPurpose, !pool.stopping else { return }
        endpoint.closedOnPurpose = true
        let waited = world.now.since(acceptedAt[endpoint.id] ?? world.now)
        world.check(
            waited >= configuration.deadlines.tlsHandshake,
            "connection \(endpoint.id) is given up although nobody has read from it")
    }

    /// Connections that no worker has read from yet.
    var unclaimed: Int { pool.handOff.ledger.unclaimed }

    // MARK: Stopping

    var isStopping: Bool { pool.stopping }

    /// SIGTERM.
    func signalled() {
        guard isAlive else { return }
        reactor.turn(maxWait: .zero)
        perform(shutdown.requested(world.now))
        wake(after: .zero)
        signals += 1
        let deadlines = configuration.deadlines
        let longest =
            signals == 1
            ? max(deadlines.drainDelay + deadlines.drain, deadlines.hardStop) : ShutdownStateMachine.cutAllowance
        world.after(longest + ShutdownStateMachine.reapAllowance + .seconds(1)) { [unowned self, signals] in
            world.check(!isAlive, "the supervisor is still there after signal \(signals) and all its deadlines")
        }
    }

    /// SIGHUP, as `Supervisor` and `Reloader` take it; nil: nothing has changed in the configuration.
    func reload(_ next: (GatewayConfiguration, SimulatedLauncher, keepsKeyring: Bool)?) {
        guard isAlive, shutdown.state == .running else { return }
        reactor.turn(maxWait: .zero)
        guard isAlive, pool.roll == nil else { return }
        wake(after: .zero)
        guard let (configuration, launcher, keepsKeyring) = next else { return pool.credentialsChanged() }
        launcher.supervisor = kernel
        let edition = pool.makeEdition(configuration, launcher: launcher, keepsKeyring: keepsKeyring)
        let longest =
            pool.rollAllowance(workers: edition.workers, configuration.deadlines)
            + pool.rollAllowance(workers: pool.target, pool.deadlines)
        rolls.began(from: pool.current, to: edition, until: world.now + longest + .seconds(3))
        pool.roll(to: edition, replacesAdmin: false, now: reactor.now)
    }

    func timerFired(tag: UInt32, now: Instant) {
        guard tag == 0 else { return }
        shutdownTimer = .none
        perform(shutdown.timeReached(now))
    }

    private func perform(_ action: ShutdownStateMachine.Action) {
        switch action {
        case .none, .announce: break
        case .drainGateways(let drain, let hard):
            stopAccepting()
            world.hasDrains = true
            pool.drainGateways(deadline: drain, hard: hard)
            checkGone()
        case .drainKeyring(let deadline):
            pool.drainKeyring(deadline: deadline)
            checkGone()
        case .cut(let hard):
            stopAccepting()
            pool.cutAll(hard: hard)
            checkGone()
        case .kill: pool.killAll()
        case .finish(let code):
            exitCode = code
            reactor.stop()
        }
        reactor.cancelTimer(&shutdownTimer)
        if shutdown.nextDeadline != .never {
            shutdownTimer = reactor.startTimer(at: shutdown.nextDeadline, handler: self)
        }
    }

    private func stopAccepting() {
        guard !policy.stopping else { return }
        policy.stop()
        reactor.remove(&listener)
        kernel.close(listenerFD, reset: false)
    }

    private func checkGone() {
        perform(
            shutdown.childGone(gatewaysLeft: pool.gatewaysLeft, keyringLeft: pool.keyringLeft, now: reactor.now))
    }

    override func leave() {
        end(code: exitCode ?? 0)
        reactor.forgetAll()
    }

    override func bury() { reactor.forgetAll() }

    // MARK: Invariants

    override func turned() {
        if !pool.stopping { rolls.look(at: pool, in: world) }
        let ledger = pool.handOff.ledger
        let counts = ledger.counts
        let settled = counts.claimed + counts.closedUnclaimed + counts.lost + (counts.forgotten ?? 0)
        world.check(
            counts.accepted == settled + UInt64(ledger.unclaimed), "the supervisor's ledger does not balance")
        let copies = kernel.descriptors[.client, default: 0]
        world.check(
            copies == ledger.unclaimed, "the supervisor holds \(copies) copies of \(ledger.unclaimed) connections")
        for slot in pool.gateways {
            guard let credits = ledger.credits(of: slot.id) else { continue }
            world.check(
                credits >= 0 && credits <= pool.creditsPerWorker,
                "worker \(slot.id) has \(credits) of \(pool.creditsPerWorker) credits")
        }
    }

    /// When nobody has wanted anything for a long time.
    func checkRest() {
        let ledger = pool.handOff.ledger
        world.check(ledger.unclaimed == 0, "\(ledger.unclaimed) connections are unclaimed at rest")
        world.check(pool.roll == nil, "a roll has not ended at rest")
        let others = pool.gateways.count { $0.machine.state != .gone && $0.edition !== pool.current }
        world.check(others == 0, "\(others) workers are of another edition at rest")
        world.check(pool.keyrings.count == 1, "\(pool.keyrings.count) keyrings at rest")
        world.check(
            pool.readyGateways == pool.target,
            "not all \(pool.target) workers are ready at rest: \(pool.gateways.map(\.machine.state))")
        for slot in pool.gateways where slot.machine.state == .ready {
            world.check(
                ledger.credits(of: slot.id) == pool.creditsPerWorker,
                "worker \(slot.id) has \(ledger.credits(of: slot.id) ?? -1) of \(pool.creditsPerWorker) credits at rest"
            )
        }
    }

    override func describeState() -> String { "supervisor, \(pool.handOff.ledger.counts)" }
}

extension SupervisorNode: WorkerPoolOwner {
    func workerBecameReady(now: Instant) {}

    func rollEnded(failure: String?, now: Instant) {
        rolls.ended(isDone: failure == nil, pool, in: world)
        guard failure == nil, shutdown.state == .running else { return }
        configuration = pool.current.configuration
        shutdown = ShutdownStateMachine(configuration.deadlines)
    }

    func slotGone(now: Instant) { checkGone() }

    func poolGivesUp(exitCode: Int32, now: Instant) { perform(shutdown.failed(exitCode, now: now)) }
}
