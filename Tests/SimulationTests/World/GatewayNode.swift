// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

@testable import Worker

/// A gateway worker: the real service on a simulated kernel.
final class GatewayNode: SimulatedProcess {
    private(set) var service: GatewayService?
    let panel: PanelReader
    private let configuration: GatewayConfiguration
    private weak var plane: Plane?
    private let began: Instant
    private var renewals = 0
    private static let renewalsPerComparison = 16
    /// From a worker's start to its being ready, at most.
    private static let settling = Duration.seconds(10)

    init(world: World, configuration: GatewayConfiguration, channel: Channel, api: SimulatedAPI?, name: String) {
        self.configuration = configuration
        began = world.now
        do {
            let board = try PanelReader.makeFile(rows: configuration.workers.maxInFlight)
            panel = try PanelReader(board, rows: configuration.workers.maxInFlight)
            let kernel = SimulatedKernel(world: world)
            super.init(world: world, kernel: kernel, reactor: Reactor(kernel: kernel))
            if let api {
                kernel.connectUpstream = { [unowned api] _ in api.connect() }
            } else {
                kernel.connectUpstream = { _ in .silent }
            }
            let socket = FileDescriptor(owning: kernel.insert(channel))
            let service = try GatewayService(
                configuration: configuration, scoreboard: board, reactor: reactor,
                logger: Logger(label: "simulated") { _ in SwiftLogNoOpLogHandler() }, auditSeed: UInt64(id),
                worker: name)
            self.service = service
            plane = service.plane
            service.plane.plainSession = { connection in
                if HTTP2Client.isOne(connection.peer) { return PriorKnowledgeSession(connection) }
                return HTTP1Session(connection: connection)
            }
            #if DEBUG
                service.plane.onRenewal = { [unowned self] in compare($0, $1) }
            #endif
            try service.begin(channel: socket)
        } catch {
            fatalError("the worker does not start: \(error)")
        }
        wake(after: .milliseconds(1))
    }

    override var serves: Bool { panel.phase == .ready }

    override func leave() {
        if let service {
            world.check(service.connections.count == 0, "worker \(id) exits with connections")
            let left = panel.value(.exchangesInFlight)
            world.check(left == 0, "worker \(id) exits with \(left) exchanges in flight")
            let leased = service.plane.buffers.leased
            world.check(leased == 0, "worker \(id) exits with \(leased) bytes of buffers")
            world.check(reactor.timerCount == 0, "worker \(id) exits with \(reactor.timerCount) timers")
            let streams = kernel.descriptors[.client, default: 0] + kernel.descriptors[.upstream, default: 0]
            world.check(streams == 0, "worker \(id) exits with \(streams) sockets")
            world.check(
                reactor.registrationCount == 0, "worker \(id) exits with \(reactor.registrationCount) registrations")
        }
        end(code: service?.exitCode ?? 0)
        service = nil
        checkForgotten()
    }

    override func bury() {
        guard service != nil else { return }
        // It may have died at the very last of its calls.
        if !reactor.isStopped { service?.received(.message(.stop), on: 0) }
        // Deadlines pass in a time of its own, so that whatever waits comes to its end.
        for _ in 0..<60 where !reactor.isStopped {
            kernel.ghostTime = kernel.now() + .seconds(1)
            reactor.turn(maxWait: nil)
        }
        world.check(reactor.isStopped, "what worker \(id) left behind does not end")
        self.service = nil
        checkForgotten()
    }

    private func checkForgotten() {
        world.check(plane == nil, "worker \(id) is gone, and something still holds its plane")
    }

    // MARK: Invariants

    /// An exchange that begins anew has nothing of the request before. Each is looked at field by field, which takes
    /// its time; so not all are.
    private func compare(_ renewed: Exchange, _ new: Exchange) {
        renewals += 1
        guard renewals % Self.renewalsPerComparison == 1 else { return }
        for (found, wanted) in zip(Mirror(reflecting: renewed).children, Mirror(reflecting: new).children) {
            world.check(
                String(reflecting: found.value) == String(reflecting: wanted.value),
                "worker \(id): an exchange begins anew with another's \(found.label ?? "field")")
        }
    }

    override func turned() {
        guard let service else { return }
        let opened = panel.value(.exchangesOpened)
        let inFlight = panel.value(.exchangesInFlight)
        world.check(
            opened == panel.value(.exchangesEnded) + inFlight, "worker \(id): exchanges do not balance")
        let open = panel.value(.upstreamOpen)
        let idle = panel.value(.upstreamIdle)
        world.check(
            panel.value(.upstreamOpened) == panel.value(.upstreamEnded) + open,
            "worker \(id): upstream connections do not balance")
        let sockets = kernel.descriptors[.upstream, default: 0]
        world.check(
            sockets == Int(open), "worker \(id) says \(open) upstream connections and holds \(sockets) sockets")
        let clients = kernel.descriptors[.client, default: 0]
        world.check(
            clients == service.connections.count && clients == Int(panel.value(.connections)),
            "worker \(id) says \(service.connections.count) connections and holds \(clients) sockets")
        // Beside the exchanges, only the probe at the start uses one.
        world.check(
            open <= idle + inFlight + (panel.phase == .ready ? 0 : 1),
            "worker \(id): \(open) upstream connections, \(idle) idle, for \(inFlight) exchanges")
        let most = clients * (world.scenario.http2Clients > 0 ? HTTP2Limits.concurrentStreams : 1)
        world.check(inFlight <= UInt64(most), "worker \(id): \(inFlight) exchanges for \(clients) clients")
        world.check(
            Int(idle) <= configuration.upstream.pool.maxIdle
                && Int(open) <= configuration.upstream.pool.maxConnections,
            "worker \(id): the upstream pool is above its bounds")
        world.check(
            service.plane.buffers.leased <= service.plane.buffers.limit, "worker \(id): buffers above their bound")
        if clients == 0, open == 0 {
            let leased = service.plane.buffers.leased
            world.check(leased == 0, "worker \(id) holds \(leased) bytes of buffers for nobody")
        }
        world.check(
            reactor.registrationCount >= kernel.watchedCount, "worker \(id): registrations and watches differ")
    }

    /// When nobody has wanted anything for a long time.
    func checkRest() {
        guard let service else { return }
        // Where there are replacements one may be under way, and the supervisor is asked whether enough are ready.
        let replaced = world.scenario.has(.recycles) || world.scenario.has(.memoryGrows)
        world.check(serves || replaced, "worker \(id) is not ready at rest")
        guard serves else { return }
        world.check(service.connections.count == 0, "worker \(id) has connections at rest")
        // One that took a dead one's place a moment ago still keeps the connection that it proved the API server with.
        guard world.now.since(began) > configuration.upstream.pool.idleTimeout + Self.settling else { return }
        world.check(panel.value(.upstreamOpen) == 0, "worker \(id) has upstream connections at rest")
        world.check(service.plane.buffers.leased == 0, "worker \(id) holds buffers at rest")
        world.check(
            reactor.timerCount == Self.restingTimers, "worker \(id) has \(reactor.timerCount) timers at rest")
        world.check(
            reactor.registrationCount == 1, "worker \(id) has \(reactor.registrationCount) registrations at rest")
        world.check(kernel.openDescriptors == 1, "worker \(id) has \(kernel.openDescriptors) descriptors at rest")
    }

    /// Whether an exchange of this client goes on. `endedOnly`: it has ended its stream, and a tunnel may well outlast that.
    func hasExchange(of peer: SocketAddress, endedOnly: Bool) -> Bool {
        let rows = panel.rows()
        var found = false
        service?.connections.forEach { connection in
            guard connection.peer == peer else { return }
            found =
                found
                || rows.contains { row in connection.exchange(row.id).map { !(endedOnly && $0.isTunnel) } ?? false }
        }
        return found
    }

    override func describeState() -> String {
        let rows = panel.rows().map { "\($0.method.text) \($0.path.text) in phase \($0.phase)" }
        return "\(rows.joined(separator: ", ")); "
            + "\(panel.value(.connections)) connections, \(panel.value(.exchangesInFlight)) exchanges, "
            + "\(panel.value(.upstreamOpen)) upstream connections"
    }

    /// Timers that a worker without any connection has: heartbeat, upstream credentials, listeners' certificates.
    static let restingTimers = 3
}
