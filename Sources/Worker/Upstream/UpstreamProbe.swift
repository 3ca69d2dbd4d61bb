// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// Finds out at the start whether the API server can be reached, by setting up a connection that the pool then keeps.
/// Tries again until it can.
final class UpstreamProbe: UpstreamUser, TimerHandler {
    private let plane: Plane
    private var connection: UpstreamSide?
    private var timer = DeadlineTimer()
    private(set) var hasReached = false
    var onReached: () -> Void = {}
    /// Called at the first failure.
    var onUnreachable: () -> Void = {}
    private var failures = 0

    private static let pause = Duration.seconds(1)

    init(plane: Plane) {
        self.plane = plane
    }

    func start() {
        timer.set(plane.reactor.now + plane.configuration.deadlines.upstreamConnect, on: plane.reactor, handler: self)
        switch plane.upstream.acquire(for: self, fresh: true) {
        case .ready(let side): upstreamReady(side, reused: true)
        case .pending(let connection): self.connection = connection
        case .failed(let failure): upstreamUnavailable(failure)
        }
    }

    /// Tries no more.
    func stop() {
        timer.cancel(on: plane.reactor)
        plane.upstream.stopWaiting(self)
        connection?.close(reset: true)
        connection = nil
    }

    func upstreamConnecting(_ connection: UpstreamConnection) { self.connection = connection }

    func upstreamReady(_ side: UpstreamSide, reused: Bool) {
        timer.cancel(on: plane.reactor)
        connection = nil
        side.release()
        hasReached = true
        onReached()
    }

    func upstreamEvent(_ readiness: Readiness) {}

    func upstreamProgressed() {}

    /// What it begins it hands to the pool, or closes.
    var isOver: Bool { connection == nil }

    func upstreamUnavailable(_ failure: UpstreamFailure) {
        connection = nil
        failures += 1
        if failures == 1 { onUnreachable() }
        // Said at the first failure and then once a minute or so, not once a second.
        if failures % 60 == 1 {
            plane.logger.warning("the API server cannot be reached", metadata: ["failure": "\(failure.rawValue)"])
        }
        timer.set(plane.reactor.now + Self.pause, on: plane.reactor, handler: self)
    }

    func timerFired(tag: UInt32, now: Instant) {
        guard timer.isDue(now: now, on: plane.reactor, handler: self) else { return }
        guard let connection else {
            plane.upstream.stopWaiting(self)
            return start()
        }
        connection.close(reset: true)
        upstreamUnavailable(.connectTimedOut)
    }
}
