// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// The admin process: answers for health and metrics out of every process' panel, which it can only read. It has no
/// part in any request, and asks nobody anything: it answers also while every gateway worker hangs.
final class AdminService: ControlChannelOwner, TimerHandler, AdminConnectionOwner {
    typealias Incoming = ToWorker

    let reactor: Reactor
    let fields = FieldTable(capacity: AdminConnection.limits.fields)
    let buffers = BufferPool(limit: AdminService.bufferMemory)
    private let listener: ListenerContexts
    private let pages: AdminPages
    private let panel: PanelWriter
    private let logger: Logger
    private var channel: ControlChannel<AdminService, ToSupervisor>?
    private var connections: [UInt64: AdminConnection] = [:]
    private var reports = ConnectionReports()
    private var beat = Reactor.Timer.none
    private var exitCode = ExitCode.success

    /// Connections at most; the supervisor gives no more either.
    private static let maxConnections = 64
    /// For each connection a request's head and a piece of an answer.
    private static let bufferMemory = maxConnections * 2 * BufferPool.Size.medium.rawValue
    private static let beatInterval = Duration.seconds(1)

    init(
        configuration: AdminConfiguration, listeners: [ListenerConfiguration], reactor: Reactor, panel: PanelWriter,
        logger: Logger
    ) throws(StartFailure) {
        self.reactor = reactor
        self.panel = panel
        self.logger = logger
        pages = AdminPages(board: PanelBoard(), listeners: listeners.map(\.name))
        listener = try ListenerContexts(
            reactor: reactor, listeners: [configuration.listener], offersHTTP2: false, logger: logger)
    }

    /// Serves until the supervisor says stop or is gone; the process' exit code.
    func run(channel descriptor: consuming FileDescriptor) -> Int32 {
        do throws(Errno) {
            channel = try ControlChannel(reactor: reactor, socket: descriptor, owner: self)
        } catch {
            logger.error("control channel", metadata: ["error": "\(error)"])
            return ExitCode.failure
        }
        _ = channel?.send(.hello(version: ControlProtocol.version))
        panel.setPhase(.ready, now: reactor.now)
        _ = channel?.send(.ready)
        reactor.atTurnEnd { [unowned self] in finishTurn() }
        beat = reactor.startTimer(at: reactor.now, handler: self)
        reactor.run()
        end()
        return exitCode
    }

    private func end() {
        for connection in Array(connections.values) { connection.close(reset: false) }
        listener.stop()
        reactor.cancelTimer(&beat)
        panel.setPhase(.stopped, now: reactor.now)
        channel?.close()
    }

    // MARK: From the supervisor

    func received(_ reception: consuming Reception<ToWorker>, on channel: UInt32) {
        switch consume reception {
        case .messageWithDescriptor(.connection(let id, _, let peer), let socket): open(id, peer, socket)
        case .messageWithDescriptor(.panel(let owner), let file):
            do throws(Errno) {
                try pages.board.add(file, of: owner)
            } catch {
                logger.error("panel not taken", metadata: ["role": "\(owner.role)", "error": "\(error)"])
            }
        case .message(.panelGone(let owner)): pages.board.remove(owner)
        case .message(.credentialsChanged): listener.reloadIfChanged()
        case .message(.drain): leave()
        case .message(.stop): leave()
        case .descriptorLost(let message): descriptorLost(with: message)
        case .endOfFile: reactor.stop()
        case .messageWithDescriptor: refuse()
        case .message: refuse()
        case .violation: refuse()
        }
    }

    /// This process is at its descriptor limit.
    private func descriptorLost(with message: ToWorker) {
        panel.add(.descriptorsLost)
        _ = channel?.send(.fault(.descriptorLost))
        if case .connection(let id, _, _) = message {
            reports.returned(id)
        } else {
            // Figures without that panel would be wrong; a new process is given all of them.
            exitCode = ExitCode.failure
            reactor.stop()
        }
    }

    private func leave() {
        _ = channel?.send(.drained)
        reactor.stop()
    }

    func channelWritable(_ channel: UInt32) {}

    /// The supervisor said what is never said to an admin process: it is not to be trusted any further.
    private func refuse() {
        logger.error("the supervisor broke the control protocol")
        _ = channel?.send(.fault(.protocolError))
        exitCode = ExitCode.failure
        reactor.stop()
    }

    private func open(_ id: UInt64, _ peer: SocketAddress, _ socket: consuming FileDescriptor) {
        guard connections.count < Self.maxConnections else { return refuse() }
        let connection = AdminConnection(id: id, owner: self)
        connections[id] = connection
        panel.set(.connections, UInt64(connections.count))
        connection.open(socket, tls: listener[0]?.context)
    }

    // MARK: For connections

    func claimed(_ id: UInt64) { reports.claimed(id) }

    func closed(_ id: UInt64) {
        connections[id] = nil
        panel.set(.connections, UInt64(connections.count))
        reports.closed(id)
    }

    func answer(to request: AdminRequest) -> AdminResponse {
        pages.answer(to: request, now: reactor.kernel.now(), wallClock: reactor.kernel.wallClock())
    }

    // MARK: Time

    private func finishTurn() {
        panel.beat(reactor.now)
        reports.report { channel?.send($0) == .sent || channel == nil }
    }

    func timerFired(tag: UInt32, now: Instant) {
        beat = reactor.startTimer(at: now + Self.beatInterval, handler: self)
        panel.set(.certificates, 0, listener.certificateExpiries.first ?? 0)
    }
}
