// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// The supervisor: accepts, hands off, watches and shuts down. It ties the parts together on one loop, and reads no byte
/// of any client.
final class Supervisor: EventHandler, TimerHandler {
    let reactor: Reactor
    let log: Logger
    let pool: WorkerPool
    let started: Instant
    /// Where the listeners really are.
    let listeners: [SupervisorStatus.Listener]
    /// Where health and metrics are served; nil: nowhere.
    let admin: String?
    var shutdown: ShutdownStateMachine
    let acceptor: Acceptor
    let reloader: Reloader
    let upgrader: Upgrader
    private let signals: SignalDescriptor
    let notifier = SystemdNotifier()
    private let controlPath: String?
    private(set) var control: ControlSocket?
    private var signalRegistration = Reactor.Registration.none
    var shutdownTimer = Reactor.Timer.none
    var exitCode = ExitCode.success
    var announced: Bool
    private var statusLine = ""
    /// Why the last reload or restart failed; nil: it did not.
    var reloadFailure: String?
    /// Why the last upgrade failed; nil: it did not.
    var upgradeFailure: String?
    /// Somebody has asked for a reload when there could be none.
    var reloadOwed = false
    private var lateAnswers: [(ControlClient.Name, [UInt8])] = []

    enum Tag {
        static let shutdown: UInt32 = 1
        static let tick: UInt32 = 2
        static let reload: UInt32 = 3
        static let answers: UInt32 = 4
    }

    /// Listens, and prepares all that can fail; no child is started yet. `landing`: what the program before this one in
    /// the same process has left.
    init(
        _ loaded: LoadedConfiguration, log: Logger, journal: Bool, landing: Landing? = nil
    ) throws(StartFailure) {
        let configuration = loaded.configuration
        self.log = log
        controlPath = configuration.control.socket
        shutdown = ShutdownStateMachine(configuration.deadlines)
        let all = configuration.listeners + (configuration.admin.map { [$0.listener] } ?? [])
        let opened = if let landing { try landing.sockets } else { try Self.listen(all, log: log) }
        let (adminSockets, sockets) = opened.separating(configuration.listeners.count)
        admin = adminSockets.entries.first.map { "\($0.socket.localAddress)" }
        listeners = sockets.entries.map { .init(name: $0.name, address: "\($0.socket.localAddress)") }
        let groups = WorkerGroups.own(log: log)
        let launcher =
            if let landing { try landing.workerLauncher(journal: journal, groups: groups) } else {
                try Self.launcher(loaded, journal: journal, groups: groups)
            }
        do throws(Errno) {
            reactor = Reactor(kernel: try LinuxKernel())
            // Each connection is three events: it comes, is claimed, ends. None of them is in a hurry.
            reactor.paceWakes(.microseconds(500))
            signals = try SignalDescriptor(SupervisorSignal.allCases.map(\.number))
            acceptor = try Acceptor(reactor: reactor, sockets: sockets, log: log)
            pool = try WorkerPool(
                reactor: reactor, configuration: configuration,
                workers: WorkerCount.workers(
                    configured: configuration.workers.count, cores: ProcessFigures.usableCores,
                    quota: WorkerCount.ownQuota()),
                descriptorLimit: DescriptorLimit.raise(),
                launcher: launcher, adminSockets: configuration.admin == nil ? nil : adminSockets, log: log)
            if let landing { try pool.adopt(landing.state.pool, from: landing.passed, groups: groups) }
        } catch {
            throw .system("cannot prepare the loop", error)
        }
        reloader = Reloader(loaded, pool: pool, log: log, journal: journal, groups: groups)
        upgrader = Upgrader(
            path: landing?.state.path ?? ProcessImage.startedFrom() ?? ProcessImage.path() ?? "lychgate",
            reactor: reactor, log: log)
        started = landing?.state.started ?? reactor.now
        announced = landing?.state.announced ?? false
    }

    /// Prepares the rest of what can fail.
    func prepare(_ landing: Landing? = nil) throws(StartFailure) {
        pool.owner = self
        acceptor.owner = self
        reloader.owner = self
        upgrader.owner = self
        if let controlPath {
            let passed = try landing?.controlSocket(path: controlPath, for: self)
            control =
                if let passed { passed } else {
                    try ControlSocket(path: controlPath, reactor: reactor, responder: self, log: log)
                }
        }
        do throws(Errno) {
            signalRegistration = try reactor.register(signals.descriptor.raw, .read, handler: self)
        } catch {
            throw .system("cannot watch signals", error)
        }
        reactor.atTurnEnd { [unowned self] in finishTurn() }
    }

    /// Serves until it was told to stop; gives the exit code.
    func run() throws(StartFailure) -> Int32 {
        try prepare()
        log.notice(
            "lychgate starts",
            metadata: [
                "version": "\(Version.current)", "pid": "\(ProcessFigures.ownPid)",
                "listeners": "\(listeners.map { "\($0.name)=\($0.address)" }.joined(separator: " "))",
                "workers": "\(pool.target)",
            ])
        pool.start()
        return serve()
    }

    func serve() -> Int32 {
        tick(reactor.now)
        reactor.run()
        end()
        return exitCode
    }

    private func finishTurn() {
        acceptor.update(now: reactor.now)
        pool.admin?.update(now: reactor.now)
        pool.board.publish(
            pool.handOff, acceptor, admin: pool.admin,
            keysGeneration: pool.current.keyring.keys.generation,
            stopping: shutdown.state != .running, now: reactor.now)
    }

    // MARK: Time and signals

    func timerFired(tag: UInt32, now: Instant) {
        switch tag {
        case Tag.shutdown:
            shutdownTimer = .none
            perform(shutdown.timeReached(now), now: now)
        case Tag.reload: reload(.reload) { _ in }
        case Tag.answers: sendLateAnswers()
        default: tick(now)
        }
    }

    /// Far above the time from one tick to the next.
    private static let timeoutExtension = Duration.seconds(10)

    /// A sign of life for systemd, from the loop itself, and a line of figures.
    private func tick(_ now: Instant) {
        notifier.alive()
        pool.board.publish(pool.slots, target: pool.target)
        if shutdown.state != .running || reloader.isBusy || upgrader.isBusy {
            notifier.extendTimeout(by: Self.timeoutExtension)
        }
        let panels = pool.gateways.compactMap(\.process?.panel)
        let sum = { (figure: Figure) in panels.reduce(0) { $0 &+ $1.value(figure) } }
        let line =
            "\(stateName), \(pool.readyGateways) of \(pool.target) workers ready, "
            + "\(sum(.exchangesInFlight)) requests in flight on \(sum(.connections)) connections, "
            + "\(pool.handOff.counts.accepted) accepted"
            + (reloadFailure.map { "; reload failed: \($0)" } ?? "")
            + (upgradeFailure.map { "; upgrade failed: \($0)" } ?? "")
        if line != statusLine {
            statusLine = line
            notifier.status(line)
        }
        let interval = min(.seconds(1), (notifier.watchdogTimeout ?? .seconds(2)) / 2)
        _ = reactor.startTimer(at: now + interval, handler: self, tag: Tag.tick)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        while let number = signals.next() {
            switch SupervisorSignal(number: number) {
            case .terminate, .interrupt:
                log.notice("told to stop", metadata: ["signal": "\(number)", "state": "\(stateName)"])
                perform(shutdown.requested(now), now: now)
            case .hangup:
                // A signal cannot be refused: the files are read once more when the present reload has ended.
                if reloader.isBusy || upgrader.isBusy { reloadOwed = true } else { reload(.reload) { _ in } }
            case .dump: pool.dumpRows()
            case .upgrade: upgrader.begin(waiting: nil)
            case nil: break
            }
        }
    }

    func sendLateAnswers() {
        for (client, line) in lateAnswers { control?.answer(client, line) }
        lateAnswers = []
    }

    /// In a turn to come: who has just asked does not wait for an answer yet.
    func answerSoon(_ client: ControlClient.Name, _ line: [UInt8]) {
        lateAnswers.append((client, line))
        _ = reactor.startTimer(at: reactor.now, handler: self, tag: Tag.answers)
    }

    /// In one word, as status shows it.
    var stateName: String {
        switch shutdown.state {
        case .running: "running"
        case .notReady, .gateways: "draining"
        case .keyring, .over: "stopping"
        }
    }
}

extension Supervisor: AcceptorOwner {
    var acceptFigures: (credits: Int, held: Int, room: Int) { pool.handOff.acceptFigures }

    func accepted(_ socket: consuming FileDescriptor, listener: UInt16, peer: SocketAddress, now: Instant) {
        pool.accepted(socket, listener: listener, peer: peer, now: now)
    }
}
