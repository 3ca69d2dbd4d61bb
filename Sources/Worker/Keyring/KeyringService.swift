// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Shared

/// The keyring process: carries out what `KeyringStateMachine` decides, and speaks with the supervisor.
final class KeyringService: KeyFetcherOwner, ControlChannelOwner, TimerHandler {
    typealias Incoming = ToWorker

    private enum TimerTag: UInt32 {
        case refresh
        case heartbeat
    }

    private let reactor: Reactor
    private let issuers: [IssuerPolicy]
    private let panel: PanelWriter?
    private let log: Logger
    private var machine: KeyringStateMachine
    private var fetcher: KeyFetcher?
    private var channel: ControlChannel<KeyringService, ToSupervisor>?
    private var refreshTimer = Reactor.Timer.none
    private var heartbeatTimer = Reactor.Timer.none
    /// The newest document that the channel had no room for.
    private var unsent: (generation: UInt64, document: String)?
    private var isReadySent = false
    private var exitCode = ExitCode.success

    /// `panel`: where the heartbeat goes (nil in tests).
    init(
        configuration: AuthenticationConfiguration, deadlines: DeadlinesConfiguration,
        channel: consuming FileDescriptor, reactor: Reactor,
        panel: PanelWriter?, log: Logger
    ) throws(Errno) {
        self.reactor = reactor
        self.panel = panel
        self.log = log
        issuers = AuthenticationPolicy(configuration).issuers
        machine = KeyringStateMachine(
            issuers: issuers.map { KeyringStateMachine.Source(issuer: $0.url, discoveryURL: $0.discoveryURL) },
            settings: configuration.keys, deadlines: deadlines, now: reactor.now)
        self.channel = try ControlChannel(reactor: reactor, socket: channel, owner: self)
    }

    /// Runs until the supervisor says stop or is gone; the process' exit code.
    func run() -> Int32 {
        guard let fetcher = try? KeyFetcher(reactor: reactor, owner: self) else {
            log.error("libcurl cannot be used")
            return ExitCode.failure
        }
        self.fetcher = fetcher
        beat(reactor.now)
        _ = channel?.send(.hello(version: ControlProtocol.version))
        perform(machine.tick(now: reactor.now))
        // Without issuers there is nothing to wait for.
        if issuers.isEmpty { sayReady() }
        reactor.run()
        fetcher.cancelAll()
        reactor.cancelTimer(&refreshTimer)
        reactor.cancelTimer(&heartbeatTimer)
        channel?.close()
        return exitCode
    }

    private func perform(_ actions: [KeyringStateMachine.Action]) {
        for action in actions {
            switch action {
            case .get(let issuer, let url, let deadline):
                fetcher?.fetch(
                    issuer: issuer, url: url, authority: issuers[issuer].authority, deadline: deadline)
            case .publish(let generation, let document): publish(generation, document)
            case .report(let report): write(report)
            }
        }
        if let panel {
            for (place, fetchedAt) in machine.fetchedAt.enumerated() where place < panel.rowCount {
                let row = IssuerRow(url: issuers[place].url, fetchedAt: UInt64(max(0, fetchedAt)))
                panel.writeRow(place, row.row(place: place))
            }
        }
        reactor.cancelTimer(&refreshTimer)
        if let next = machine.nextTick {
            refreshTimer = reactor.startTimer(at: next, handler: self, tag: TimerTag.refresh.rawValue)
        }
    }

    private func publish(_ generation: UInt64, _ document: String) {
        unsent = nil
        do throws(Errno) {
            let file = try MemoryFile.sealed(name: "lychgate-keys", bytes: Array(document.utf8))
            switch channel?.send(.keys(generation: generation), passing: file.raw) {
            case .sent: sayReady()
            case .full: unsent = (generation, document)
            case .closed, nil: reactor.stop()
            }
        } catch {
            unsent = (generation, document)
            log.error("keys document not written", metadata: ["error": "\(error)"])
        }
    }

    private func sayReady() {
        guard !isReadySent, machine.isReady else { return }
        isReadySent = true
        panel?.setPhase(.ready, now: reactor.now)
        _ = channel?.send(.ready)
    }

    private func write(_ report: KeyringStateMachine.Report) {
        switch report {
        case .changed(let issuer, let generation, let keys, let skipped):
            log.info(
                "keys changed",
                metadata: [
                    "issuer": "\(issuer)", "generation": "\(generation)", "keys": "\(keys)", "skipped": "\(skipped)",
                ])
        case .failed(let issuer, let failure, let retryIn, let hasKeys):
            var metadata: Logger.Metadata = [
                "issuer": "\(issuer)", "reason": "\(failure.name)", "retryIn": "\(retryIn)",
                "lastGoodKept": "\(hasKeys)",
            ]
            if case .transfer(let words) = failure { metadata["detail"] = "\(words)" }
            log.warning("keys not fetched", metadata: metadata)
        case .recovered(let issuer, let failures):
            log.info("keys fetched again", metadata: ["issuer": "\(issuer)", "failures": "\(failures)"])
        case .dropped(let issuer):
            log.error("last good keys are too old and are dropped", metadata: ["issuer": "\(issuer)"])
        case .inherited(let issuer, let keys):
            log.notice("keys of the keyring before", metadata: ["issuer": "\(issuer)", "keys": "\(keys)"])
        }
    }

    private func beat(_ now: Instant) {
        panel?.beat(now)
        heartbeatTimer = reactor.startTimer(
            at: now + .seconds(1), handler: self, tag: TimerTag.heartbeat.rawValue)
        // A descriptor or memory shortage passes; the document must not be lost by it.
        if let (generation, document) = unsent { publish(generation, document) }
    }

    // MARK: Events

    func timerFired(tag: UInt32, now: Instant) {
        switch TimerTag(rawValue: tag) {
        case .refresh: perform(machine.tick(now: now))
        case .heartbeat: beat(now)
        case nil: break
        }
    }

    func fetched(issuer: Int, _ result: Result<[UInt8], FetchFailure>, maxAge: Duration?, now: Instant) {
        perform(
            machine.finished(
                issuer: issuer, result, maxAge: maxAge, now: now, wallClock: reactor.kernel.wallClock(),
                jitter: .random(in: 0..<1)))
    }

    func received(_ reception: consuming Reception<ToWorker>, on channel: UInt32) {
        switch consume reception {
        case .message(let message): obey(message)
        case .endOfFile: reactor.stop()
        case .messageWithDescriptor(.keys, let file): inherit(file)
        case .messageWithDescriptor: refuse()
        case .descriptorLost: refuse()
        case .violation: refuse()
        }
    }

    private func inherit(_ file: consuming FileDescriptor) {
        guard let document = try? MemoryFile.read(file) else { return }
        perform(machine.inherit(document, now: reactor.now, wallClock: reactor.kernel.wallClock()))
    }

    private func obey(_ message: ToWorker) {
        switch message {
        case .refreshKeys(let issuer): perform(machine.demand(issuer: issuer.map(Int.init), now: reactor.now))
        case .credentialsChanged: perform(machine.credentialsChanged(now: reactor.now))
        case .drain:
            _ = channel?.send(.drained)
            reactor.stop()
        case .stop: reactor.stop()
        case .connection, .keys, .cancel, .panel, .panelGone: refuse()
        }
    }

    /// The supervisor said what is never said to a keyring: it is not to be trusted any further.
    private func refuse() {
        log.error("the supervisor broke the control protocol")
        _ = channel?.send(.fault(.protocolError))
        exitCode = ExitCode.failure
        reactor.stop()
    }

    func channelWritable(_ channel: UInt32) {
        if let (generation, document) = unsent { publish(generation, document) }
    }
}
