// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Shared

/// The gateway worker: takes connections from the supervisor and serves them until it is told to stop.
///
/// It is ready once it knows which keys there are and has reached the API server. It ends by itself when it has drained, and when the
/// supervisor is gone.
final class GatewayService: ControlChannelOwner, TimerHandler {
    private let reactor: Reactor
    let plane: Plane
    let connections: ClientConnections
    private let listeners: ListenerContexts
    private let probe: UpstreamProbe
    private let logger: Logger
    private var channel: ControlChannel<GatewayService, ToSupervisor>?
    private var beat = Reactor.Timer.none
    private var drainTimer = DeadlineTimer()
    private var trimming = MemoryTrimPolicy()
    private var beats = 0
    private var isReady = false
    private var isStopping = false
    private(set) var exitCode = ExitCode.success

    private enum Tag {
        static let beat: UInt32 = 0
        static let drain: UInt32 = 1
    }

    private static let beatInterval = Duration.seconds(1)
    private static let lookedAtPerBeat = 2_048
    /// After the cut, for the last bytes of what was cut.
    private static let cutGrace = Duration.milliseconds(200)

    convenience init(
        _ environment: borrowing ChildEnvironment, reactor: Reactor, logger: Logger
    ) throws(StartFailure) {
        try self.init(
            configuration: environment.configuration, scoreboard: environment.scoreboard, reactor: reactor,
            logger: logger, auditSeed: .random(in: 0...UInt64.max), worker: ChildEnvironment.worker)
    }

    /// - Parameters:
    ///   - auditSeed: of the identifiers that requests are given; random outside of simulations.
    ///   - worker: what the supervisor calls this worker.
    init(
        configuration: GatewayConfiguration, scoreboard: borrowing FileDescriptor, reactor: Reactor, logger: Logger,
        auditSeed: UInt64, worker: String = ""
    ) throws(StartFailure) {
        self.reactor = reactor
        self.logger = logger
        guard let target = UpstreamTarget(configuration.upstream.server) else {
            throw .configuration("upstream.server: \(configuration.upstream.server) is not an http(s) URL of a host")
        }
        let credentials: UpstreamCredentials
        do throws(UpstreamCredentials.Problem) {
            credentials = try UpstreamCredentials(
                reactor: reactor, configuration: configuration.upstream, isTLS: target.isTLS, logger: logger)
        } catch {
            throw .configuration("upstream: \(error)")
        }
        let panel: PanelWriter
        do throws(Errno) {
            panel = try PanelWriter(scoreboard, rows: configuration.workers.maxInFlight)
        } catch {
            throw .system("scoreboard", error)
        }
        panel.start(pid: getpid())
        plane = Plane(
            reactor: reactor, configuration: configuration, panel: panel, logger: logger, target: target,
            credentials: credentials, auditSeed: auditSeed, worker: worker)
        if let problem = plane.authenticator.policy.problems.first {
            throw .configuration("authentication: \(problem)")
        }
        connections = ClientConnections(plane: plane)
        listeners = try ListenerContexts(reactor: reactor, listeners: configuration.listeners, logger: logger)
        probe = UpstreamProbe(plane: plane)
    }

    /// Serves until the end; the process's exit code.
    func run(channel descriptor: consuming FileDescriptor) -> Int32 {
        do throws(Errno) {
            try begin(channel: descriptor)
        } catch {
            logger.error("control channel", metadata: ["error": "\(error)"])
            return ExitCode.failure
        }
        reactor.run()
        return exitCode
    }

    /// Says hello and begins to work; all else happens in the loop's turns.
    func begin(channel descriptor: consuming FileDescriptor) throws(Errno) {
        channel = try ControlChannel(reactor: reactor, socket: descriptor, owner: self)
        plane.askForKeys = { [unowned self] in _ = channel?.send(.wantKeys(issuer: $0)) }
        probe.onReached = { [unowned self] in becomeReadyIfComplete() }
        probe.onUnreachable = { [unowned self] in _ = channel?.send(.fault(.upstreamUnreachable)) }
        _ = channel?.send(.hello(version: ControlProtocol.version))
        reactor.atTurnEnd { [unowned self] in finishTurn() }
        beat = reactor.startTimer(at: reactor.now, handler: self, tag: Tag.beat)
        probe.start()
    }

    #if DEBUG
        /// For tests' deliberate faults.
        func say(_ message: ToSupervisor) -> Bool { channel?.send(message) == .sent }
    #endif

    // MARK: From the supervisor

    func received(_ reception: consuming Reception<ToWorker>, on channel: UInt32) {
        switch consume reception {
        case .messageWithDescriptor(.connection(let id, let listener, let peer), let socket):
            open(id: id, listener: listener, peer: peer, socket: socket)
        case .messageWithDescriptor(.keys, let file): install(file)
        case .messageWithDescriptor: violated(.unexpectedDescriptor)
        case .message(.drain(let deadline)): drain(until: deadline)
        case .message(.stop): stop()
        case .message(.cancel(let exchange)): connections.cancel(exchange: exchange)
        case .message(.credentialsChanged):
            plane.upstream.credentials.reloadIfChanged()
            listeners.reloadIfChanged()
        case .message(.refreshKeys): violated(.badValue("refreshKeys to a gateway worker"))
        case .message(.panelGone): violated(.badValue("panelGone to a gateway worker"))
        case .message: violated(.missingDescriptor)
        case .descriptorLost(let message): descriptorLost(with: message)
        case .violation(let error): violated(error)
        case .endOfFile: supervisorGone()
        }
    }

    func channelWritable(_ channel: UInt32) {}

    private func open(id: UInt64, listener: UInt16, peer: SocketAddress, socket: consuming FileDescriptor) {
        guard let entry = listeners[Int(listener)] else { return violated(.badValue("listener")) }
        let connection = ClientConnection(
            id: id, peer: peer, plane: plane, connections: connections, isTLS: entry.context != nil,
            service: entry.service, trust: entry.trust)
        connections.add(connection)
        connection.open(
            socket, tls: entry.context, greeted: entry.proxies.contains { $0.contains(peer) })
    }

    /// This process is at its descriptor limit. Nothing of the connection was read: it can be another's, or ours later.
    private func descriptorLost(with message: ToWorker) {
        plane.panel.add(.descriptorsLost)
        _ = channel?.send(.fault(.descriptorLost))
        switch message {
        case .connection(let id, _, _): connections.notTaken(id)
        case .keys: _ = channel?.send(.wantKeys(issuer: nil))
        case .refreshKeys, .credentialsChanged, .drain, .cancel, .stop, .panel, .panelGone: break
        }
    }

    private func install(_ file: consuming FileDescriptor) {
        do {
            plane.install(try KeySet(document: try MemoryFile.read(file)))
            becomeReadyIfComplete()
        } catch {
            // The keys that we have stay in force.
            logger.error("keys not taken", metadata: ["error": "\(error)"])
        }
    }

    private func becomeReadyIfComplete() {
        guard !isReady, plane.authenticator.knowsKeys, probe.hasReached else { return }
        isReady = true
        plane.panel.setPhase(.ready, now: reactor.now)
        _ = channel?.send(.ready)
    }

    private func violated(_ error: RecordError) {
        logger.error("the supervisor broke the control protocol", metadata: ["error": "\(error)"])
        _ = channel?.send(.fault(.protocolError))
        exitCode = ExitCode.failure
        drainBySelf()
    }

    private func supervisorGone() {
        channel?.close()
        channel = nil
        guard !isStopping else { return }
        logger.warning("the supervisor is gone: draining")
        drainBySelf()
    }

    // MARK: The end

    /// Begins to drain with nobody to set a deadline.
    func drainBySelf() {
        drain(until: reactor.now + plane.configuration.deadlines.drain)
    }

    private func drain(until deadline: Instant) {
        if !DeliberateFault.isOn(.drainDeadlineForgotten) {
            drainTimer.set(deadline, on: reactor, handler: self, tag: Tag.drain)
        }
        if !isStopping {
            isStopping = true
            plane.startDraining()
            plane.panel.setPhase(.draining, now: reactor.now)
            connections.forEach { $0.drain() }
        }
        plane.streamDrain.begin(connections.streams, until: deadline)
    }

    private func stop() {
        isStopping = true
        plane.startDraining()
        cut()
    }

    /// What is left ends now.
    private func cut() {
        connections.forEach { $0.cutNow() }
        drainTimer.set(reactor.now + Self.cutGrace, on: reactor, handler: self, tag: Tag.drain)
    }

    private func exitIfDrained() {
        guard isStopping, connections.count == 0 else { return }
        probe.stop()
        if !DeliberateFault.isOn(.poolOutlivesWorker) { plane.upstream.stop() }
        plane.lookups.stop()
        listeners.stop()
        plane.streamDrain.stop()
        reactor.cancelTimer(&beat)
        drainTimer.cancel(on: reactor)
        plane.panel.setPhase(.stopped, now: reactor.now)
        _ = channel?.send(.drained)
        channel?.close()
        reactor.stop()
    }

    // MARK: Time

    private func finishTurn() {
        plane.finishTurn()
        plane.panel.beat(reactor.now)
        plane.publishMemory()
        connections.report { channel?.send($0) == .sent || channel == nil }
        exitIfDrained()
        plane.requestLog.flush()
    }

    /// All connections are looked at, so with thousands of them not each second.
    private func lookForOrphans(_ now: Instant) {
        beats &+= 1
        guard beats % (1 + plane.upstream.openCount / Self.lookedAtPerBeat) == 0 else { return }
        plane.panel.set(.orphans, UInt64(plane.upstream.countOrphans(now: now)))
    }

    func timerFired(tag: UInt32, now: Instant) {
        switch tag {
        case Tag.beat:
            beat = reactor.startTimer(at: now + Self.beatInterval, handler: self, tag: Tag.beat)
            for (index, expiry) in listeners.certificateExpiries.enumerated() {
                plane.panel.set(.certificates, index, expiry)
            }
            lookForOrphans(now)
            // Over HTTP/2 many requests share a connection.
            let load = max(connections.count, Int(clamping: plane.panel.value(.exchangesInFlight)))
            if trimming.shouldTrim(connections: load) { ProcessMemory.giveBackFreed() }
        default:
            if drainTimer.isDue(now: now, on: reactor, handler: self, tag: Tag.drain) { cut() }
        }
    }
}
