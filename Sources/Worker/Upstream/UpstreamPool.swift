// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// One worker's connections to the API server: kept alive between requests, bounded in number, closed when idle for too
/// long. Requests beyond the bound wait in order, each under its own connect deadline. (UpstreamPool+Streams: those
/// that carry HTTP/2.)
final class UpstreamPool: TimerHandler {
    unowned let plane: Plane
    // The plane's, held here since each request needs them several times.
    private let reactor: Reactor
    let panel: PanelWriter
    let bounds: UpstreamConfiguration.Pool
    private let idleNanoseconds: UInt64
    let credentials: UpstreamCredentials
    let addresses: UpstreamAddresses
    let authority: [UInt8]
    let serverName: String
    /// Idle connections, the longest idle first. Taken out and put back for each change: an access that ends at once needs
    /// no check at run time for another.
    private var idle: [UpstreamConnection] = []
    var waiting: [Waiting] = []
    private(set) var open = 0
    /// Whether HTTP/2 is offered at all.
    let offersHTTP2: Bool
    /// Connections that carry HTTP/2, and what the server chose last.
    var carriers: [UpstreamConnection] = []
    var choosesHTTP2 = true
    /// Connections being set up that will probably carry HTTP/2, and the streams on each that the server allowed last.
    var awaited = 0
    var streamsExpected = HTTP2Limits.upstreamStreamsExpected
    var openStreams = 0
    var isServing = false
    /// Every connection there is, whoever owns it.
    private var connections: [ObjectIdentifier: Known] = [:]
    private var currentExpiry = DeadlineTimer()
    private var expiry: DeadlineTimer {
        get { currentExpiry }
        set { currentExpiry = newValue }
    }
    private(set) var isStopped = false
    /// Requests that may wait for a connection, beside those for which one with room is being set up.
    private static let maxWaiting = 1_024

    struct Waiting {
        let user: any UpstreamUser
        /// It needs a connection of its own, of HTTP/1.1.
        let alone: Bool
    }

    private struct Known {
        unowned let connection: UpstreamConnection
        /// Its user is over, and it is not.
        var orphanSince: Instant?
    }

    /// Work that has outlived its client for so long is an orphan.
    static let orphanAge = Duration.milliseconds(100)

    enum Acquisition {
        case ready(UpstreamSide)
        /// The connection is being set up, or waited for.
        case pending(UpstreamConnection?)
        case failed(UpstreamFailure)
    }

    init(plane: Plane, target: UpstreamTarget, credentials: UpstreamCredentials) {
        self.plane = plane
        reactor = plane.reactor
        panel = plane.panel
        self.credentials = credentials
        bounds = plane.configuration.upstream.pool
        idleNanoseconds = UInt64(max(0, bounds.idleTimeout.nanoseconds))
        offersHTTP2 = plane.configuration.upstream.http2 == .auto && target.isTLS
        addresses = UpstreamAddresses(reactor: reactor, target: target)
        authority = target.authority
        serverName = plane.configuration.upstream.tlsServerName ?? target.host
        addresses.onChange = { [unowned self] in
            retireCarriers { !addresses.has($0.address) }
            serveWaiting()
        }
    }

    /// A connection or a stream for `user`: of a kept connection, unless a `fresh` one is wanted. (Streams are always as
    /// good as fresh: a connection that has failed, or ends, carries no new ones.)
    ///
    /// - Parameter alone: the connection is to become a tunnel, so it must be of HTTP/1.1.
    func acquire(for user: any UpstreamUser, fresh: Bool, alone: Bool = false) -> Acquisition {
        if offersHTTP2, !alone, let acquisition = acquireStream(for: user) { return acquisition }
        if !fresh, let connection = takeIdle() {
            connection.takeOver(user)
            return .ready(connection)
        }
        // Only a fresh one will do, and an idle one is in its way.
        if open >= bounds.maxConnections { dropOldestIdle() }
        guard open < bounds.maxConnections || DeliberateFault.isOn(.poolBoundIgnored), let address = addresses.current
        else {
            if let failure = addresses.failure, addresses.current == nil {
                plane.logger.debug("upstream name", metadata: ["error": "\(failure)"])
                return .failed(.unresolvable)
            }
            return wait(user, alone: alone)
        }
        return start(for: user, to: address, alone: alone)
    }

    /// The idle connection that was used last; those that are of no use any more are dropped on the way.
    ///
    /// Not quite the last: one that was idle before the loop asked the kernel is known to be good, while one that came back
    /// in this turn costs a system call to ask about. Few are looked through, so that what is not needed still expires.
    private func takeIdle() -> UpstreamConnection? {
        defer { showIdle() }
        while !idle.isEmpty {
            var others = idle.takeAll()
            let known = others.indices.suffix(Self.lookedThrough).last { others[$0].isHeardOf }
            let connection = others.remove(at: known ?? others.count - 1)
            idle = others
            if connection.isReusable { return connection }
            connection.close(reset: false)
        }
        return nil
    }

    private static let lookedThrough = 16

    func wait(_ user: any UpstreamUser, alone: Bool) -> Acquisition {
        guard waiting.count < Self.maxWaiting + awaited * streamsExpected else { return .failed(.poolExhausted) }
        waiting.append(Waiting(user: user, alone: alone))
        return .pending(nil)
    }

    func start(for user: any UpstreamUser, to address: SocketAddress, alone: Bool) -> Acquisition {
        let offer: ApplicationProtocols = !offersHTTP2 ? .none : alone ? .http1 : .http2OrHTTP1
        let connection = UpstreamConnection(plane: plane, pool: self, address: address, user: user, offer: offer)
        if offer == .http2OrHTTP1, choosesHTTP2 {
            connection.isAwaited = true
            awaited += 1
        }
        open += 1
        connections[ObjectIdentifier(connection)] = Known(connection: connection)
        panel.add(.upstreamOpened)
        panel.set(.upstreamOpen, UInt64(open))
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
        waiting.removeAll { $0.user === user }
    }

    /// The connection has carried a whole request and its whole response, and may carry another.
    func release(_ connection: UpstreamConnection) {
        // It was for a tunnel that was refused, and all others go by HTTP/2.
        if connection.offer == .http1, choosesHTTP2 { return connection.close(reset: false) }
        if !waiting.isEmpty, !isStopped, let place = waiting.firstIndex(where: { !$0.alone }) ?? waiting.indices.first {
            connection.becomeIdle(until: .never)
            // Its end makes room for a fresh one, which whoever waits is given.
            guard connection.isReusable else { return connection.close(reset: false) }
            let next = waiting.remove(at: place).user
            connection.takeOver(next)
            next.upstreamReady(connection, reused: true)
            return
        }
        guard !isStopped, idleCount < bounds.maxIdle else { return connection.close(reset: false) }
        let deadline = reactor.now.later(by: idleNanoseconds)
        connection.becomeIdle(until: deadline)
        var others = idle.takeAll()
        others.append(connection)
        idle = others
        showIdle()
        if expiry.deadline == .never, !DeliberateFault.isOn(.idleExpiryForgotten) {
            expiry.set(deadline, on: reactor, handler: self)
        }
    }

    func dropIdle(_ connection: UpstreamConnection) {
        var others = idle.takeAll()
        others.removeAll { $0 === connection }
        idle = others
        showIdle()
        connection.close(reset: false)
    }

    private func dropOldestIdle() {
        if let oldest = idle.first { dropIdle(oldest) } else { retireOldestIdleCarrier() }
    }

    /// Idle connections, whatever they speak.
    var idleCount: Int { offersHTTP2 ? idle.count + idleCarriers : idle.count }

    func showIdle() { panel.set(.upstreamIdle, UInt64(idleCount)) }

    func noteFailure(_ failure: UpstreamFailure, address: SocketAddress, error: TLSError?) {
        addresses.avoid(address)
        panel.add(.upstreamFailures)
        plane.logger.debug(
            "upstream connection failed",
            metadata: [
                "address": "\(address)", "failure": "\(failure.rawValue)", "error": "\(error?.description ?? "")",
            ])
    }

    func noteClosed(_ connection: UpstreamConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if offersHTTP2 { forget(connection) }
        if !DeliberateFault.isOn(.closeNotCounted) { open -= 1 }
        panel.add(.upstreamEnded)
        panel.set(.upstreamOpen, UInt64(open))
        serveWaiting()
    }

    /// Gives those who wait what has become free, in their order.
    func serveWaiting() {
        guard !offersHTTP2 else { return serveWaitingByStreams() }
        while !isStopped, let next = waiting.first, open < bounds.maxConnections {
            guard addresses.current != nil || addresses.failure != nil else { return }
            waiting.removeFirst()
            begin(for: next)
        }
    }

    /// Sets a connection up for one who has waited.
    func begin(for next: Waiting) {
        guard let address = addresses.current else { return next.user.upstreamUnavailable(.unresolvable) }
        switch start(for: next.user, to: address, alone: next.alone) {
        case .pending(let connection?): next.user.upstreamConnecting(connection)
        case .failed(let failure): next.user.upstreamUnavailable(failure)
        case .pending(nil), .ready: break
        }
    }

    func timerFired(tag: UInt32, now: Instant) {
        guard expiry.isDue(now: now, on: reactor, handler: self) else { return }
        while let oldest = idle.first, oldest.idleDeadline <= now { dropIdle(oldest) }
        if let oldest = idle.first { expiry.set(oldest.idleDeadline, on: reactor, handler: self) }
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
        for carrier in carriers { orphans += carrier.session?.countOrphans(now: now, age: Self.orphanAge) ?? 0 }
        return orphans
    }

    /// Connections open, idle ones included.
    var openCount: Int { open }

    /// Keeps nothing any more.
    func stop() {
        isStopped = true
        expiry.cancel(on: reactor)
        credentials.stop()
        addresses.stop()
        while let connection = idle.first { dropIdle(connection) }
        retireCarriers { _ in true }
    }
}
