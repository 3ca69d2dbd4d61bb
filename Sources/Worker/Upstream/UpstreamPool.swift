// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// One worker's connections to the API server: kept alive between requests, bounded in number, closed when idle for too
/// long. Requests beyond the bound wait in order, each under its own connect deadline.
final class UpstreamPool: TimerHandler {
    private unowned let plane: Plane
    private let bounds: UpstreamConfiguration.Pool
    let credentials: UpstreamCredentials
    let addresses: UpstreamAddresses
    let authority: [UInt8]
    let serverName: String
    /// Idle connections, the longest idle first.
    private var idle: [UpstreamConnection] = []
    private var waiting: [any UpstreamUser] = []
    private var open = 0
    /// Every connection there is, whoever owns it.
    private var connections: [ObjectIdentifier: Known] = [:]
    private var expiry = DeadlineTimer()
    private var isStopped = false
    /// Requests that may wait for a connection.
    private static let maxWaiting = 1_024

    private struct Known {
        unowned let connection: UpstreamConnection
        /// Its user is over, and it is not.
        var orphanSince: Instant?
    }

    /// Work that has outlived its client for so long is an orphan.
    static let orphanAge = Duration.milliseconds(100)

    enum Acquisition {
        case ready(UpstreamConnection)
        /// The connection is being set up, or waited for.
        case pending(UpstreamConnection?)
        case failed(UpstreamFailure)
    }

    init(plane: Plane, target: UpstreamTarget, credentials: UpstreamCredentials) {
        self.plane = plane
        self.credentials = credentials
        bounds = plane.configuration.upstream.pool
        addresses = UpstreamAddresses(reactor: plane.reactor, target: target)
        authority = target.authority
        serverName = plane.configuration.upstream.tlsServerName ?? target.host
        addresses.onChange = { [unowned self] in serveWaiting() }
    }

    /// A connection for `user`: a kept one, unless `fresh` is wanted.
    func acquire(for user: any UpstreamUser, fresh: Bool) -> Acquisition {
        if !fresh, let connection = idle.popLast() {
            plane.panel.set(.upstreamIdle, UInt64(idle.count))
            connection.takeOver(user)
            return .ready(connection)
        }
        if open >= bounds.maxConnections, let oldest = idle.first {
            // Only a fresh one will do, and an idle one is in its way.
            dropIdle(oldest)
        }
        guard open < bounds.maxConnections || DeliberateFault.isOn(.poolBoundIgnored), let address = addresses.current
        else {
            if let failure = addresses.failure, addresses.current == nil {
                plane.logger.debug("upstream name", metadata: ["error": "\(failure)"])
                return .failed(.unresolvable)
            }
            guard waiting.count < Self.maxWaiting else { return .failed(.poolExhausted) }
            waiting.append(user)
            return .pending(nil)
        }
        return start(for: user, to: address)
    }

    private func start(for user: any UpstreamUser, to address: SocketAddress) -> Acquisition {
        let connection = UpstreamConnection(plane: plane, pool: self, address: address, user: user)
        open += 1
        connections[ObjectIdentifier(connection)] = Known(connection: connection)
        plane.panel.add(.upstreamOpened)
        plane.panel.set(.upstreamOpen, UInt64(open))
        do throws(UpstreamFailure) {
            try connection.connect()
            return .pending(connection)
        } catch {
            noteFailure(error, address: address, error: nil)
            connection.close(reset: true)
            return .failed(error)
        }
    }

    /// Whoever still waits for a connection waits no more.
    func stopWaiting(_ user: any UpstreamUser) {
        waiting.removeAll { $0 === user }
    }

    /// The connection has carried a whole request and its whole response, and may carry another.
    func release(_ connection: UpstreamConnection) {
        if let next = waiting.first, !isStopped {
            waiting.removeFirst()
            connection.becomeIdle(until: .never)
            connection.takeOver(next)
            next.upstreamReady(connection, reused: true)
            return
        }
        guard !isStopped, idle.count < bounds.maxIdle else { return connection.close(reset: false) }
        let deadline = plane.reactor.now + bounds.idleTimeout
        connection.becomeIdle(until: deadline)
        idle.append(connection)
        plane.panel.set(.upstreamIdle, UInt64(idle.count))
        if expiry.deadline == .never, !DeliberateFault.isOn(.idleExpiryForgotten) {
            expiry.set(deadline, on: plane.reactor, handler: self)
        }
    }

    func dropIdle(_ connection: UpstreamConnection) {
        idle.removeAll { $0 === connection }
        plane.panel.set(.upstreamIdle, UInt64(idle.count))
        connection.close(reset: false)
    }

    func noteFailure(_ failure: UpstreamFailure, address: SocketAddress, error: TLSError?) {
        addresses.avoid(address)
        plane.panel.add(.upstreamFailures)
        plane.logger.debug(
            "upstream connection failed",
            metadata: [
                "address": "\(address)", "failure": "\(failure.rawValue)", "error": "\(error?.description ?? "")",
            ])
    }

    func noteClosed(_ connection: UpstreamConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if !DeliberateFault.isOn(.closeNotCounted) { open -= 1 }
        plane.panel.add(.upstreamEnded)
        plane.panel.set(.upstreamOpen, UInt64(open))
        serveWaiting()
    }

    private func serveWaiting() {
        while !isStopped, !waiting.isEmpty, open < bounds.maxConnections {
            guard let address = addresses.current else {
                guard addresses.failure != nil else { return }
                let user = waiting.removeFirst()
                user.upstreamUnavailable(.unresolvable)
                continue
            }
            let user = waiting.removeFirst()
            switch start(for: user, to: address) {
            case .pending(let connection?): user.upstreamConnecting(connection)
            case .failed(let failure): user.upstreamUnavailable(failure)
            case .pending(nil), .ready: break
            }
        }
    }

    func timerFired(tag: UInt32, now: Instant) {
        guard expiry.isDue(now: now, on: plane.reactor, handler: self) else { return }
        while let oldest = idle.first, oldest.idleDeadline <= now { dropIdle(oldest) }
        if let oldest = idle.first { expiry.set(oldest.idleDeadline, on: plane.reactor, handler: self) }
    }

    /// Counts the connections whose user is over although they are not: by their own state, not by what exchanges say of
    /// themselves. Looked at again and again; one that is seen twice, and long enough apart, is an orphan.
    func countOrphans(now: Instant) -> Int {
        var orphans = 0
        for (key, known) in connections {
            guard known.connection.isForsaken else {
                if known.orphanSince != nil { connections[key]?.orphanSince = nil }
                continue
            }
            if let since = known.orphanSince {
                if now.since(since) >= Self.orphanAge { orphans += 1 }
            } else {
                connections[key]?.orphanSince = now
            }
        }
        return orphans
    }

    /// Connections open, idle ones included.
    var openCount: Int { open }

    /// Keeps nothing any more.
    func stop() {
        isStopped = true
        expiry.cancel(on: plane.reactor)
        credentials.stop()
        addresses.stop()
        while let connection = idle.first { dropIdle(connection) }
    }
}
