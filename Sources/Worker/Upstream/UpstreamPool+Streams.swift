// SPDX-License-Identifier: Apache-2.0

import Shared

/// The pool where the API server speaks HTTP/2: requests get streams of the connections that there are, and wait for
/// those that are being set up rather than begin one each.
extension UpstreamPool {
    /// A stream for `user`, or its place among those who wait; nil: it needs a connection as with HTTP/1.1.
    func acquireStream(for user: any UpstreamUser) -> Acquisition? {
        switch place(behind: waiting.count) {
        case .use(let place): return promise(place, to: user).map { .ready($0) }
        case .wait where choosesHTTP2 && (awaited > 0 || !carriers.isEmpty): return wait(user, alone: false)
        case .open, .wait: return nil
        }
    }

    private func place(behind waiting: Int) -> StreamPlacementPolicy.Decision {
        retireOutdated()
        return StreamPlacementPolicy.place(
            candidates: carriers.lazy.compactMap { $0.session?.candidate }, connecting: awaited,
            expected: streamsExpected, waiting: waiting, mayOpen: open < bounds.maxConnections)
    }

    private func promise(_ place: Int, to user: any UpstreamUser) -> UpstreamStream? {
        guard let session = carriers[place].session else { return nil }
        let wasIdle = session.isIdle
        defer { if wasIdle { showIdle() } }
        return session.promise(to: user)
    }

    func serveWaitingByStreams() {
        // What is done for one may free something for the others: the list is looked at anew after each.
        guard !isServing else { return }
        isServing = true
        defer { isServing = false }
        while !isStopped, let (index, decision) = firstServable() {
            let next = waiting.remove(at: index)
            if case .use(let place) = decision, let stream = promise(place, to: next.user) {
                next.user.upstreamReady(stream, reused: true)
            } else {
                begin(for: next)
            }
        }
    }

    private func firstServable() -> (index: Int, StreamPlacementPolicy.Decision)? {
        guard !waiting.isEmpty else { return nil }
        let mayBegin = open < bounds.maxConnections && (addresses.current != nil || addresses.failure != nil)
        if let index = waiting.firstIndex(where: { !$0.alone }) {
            let decision = place(behind: waiting.count(where: { !$0.alone }) - 1)
            switch decision {
            case .use: return (index, decision)
            case .open where mayBegin: return (index, decision)
            case .open, .wait: break
            }
        }
        guard mayBegin, let index = waiting.firstIndex(where: \.alone) else { return nil }
        return (index, .open)
    }

    // MARK: What connections tell

    /// The server has chosen what it speaks on this connection.
    func settled(_ connection: UpstreamConnection, speaksHTTP2: Bool) {
        guard connection.offer == .http2OrHTTP1 else { return }
        stopAwaiting(connection)
        choosesHTTP2 = speaksHTTP2
        if speaksHTTP2 {
            carriers.append(connection)
            panel.set(.upstreamHTTP2Connections, UInt64(carriers.count))
            streamsExpected = max(1, connection.session?.capacity ?? streamsExpected)
        } else {
            // Those who wait for its streams need connections of their own.
            serveWaiting()
        }
    }

    private func stopAwaiting(_ connection: UpstreamConnection) {
        guard connection.isAwaited else { return }
        connection.isAwaited = false
        awaited -= 1
    }

    /// The connection is closed.
    func forget(_ connection: UpstreamConnection) {
        stopAwaiting(connection)
        guard let place = carriers.firstIndex(where: { $0 === connection }) else { return }
        carriers.remove(at: place)
        panel.set(.upstreamHTTP2Connections, UInt64(carriers.count))
        showIdle()
    }

    /// The ledger: opened = ended + open.
    func streamOpened() {
        openStreams += 1
        panel.add(.upstreamStreamsOpened)
        panel.set(.upstreamStreams, UInt64(openStreams))
    }

    func streamEnded() {
        openStreams -= 1
        panel.add(.upstreamStreamsEnded)
        panel.set(.upstreamStreams, UInt64(openStreams))
        streamsMayFit()
    }

    func streamsMayFit() {
        if !waiting.isEmpty { serveWaiting() }
    }

    /// No stream is left on it, and nobody waits for one: it is kept for a while, if the bounds allow it.
    func sessionIdle(_ session: UpstreamSession) {
        if isStopped || idleCount > bounds.maxIdle { session.retire() }
        showIdle()
    }

    // MARK: Bounds

    var idleCarriers: Int {
        carriers.reduce(0) { $0 + ($1.session?.isIdle ?? false ? 1 : 0) }
    }

    func retireOldestIdleCarrier() {
        carriers.first { $0.session?.isIdle ?? false }?.session?.retire()
    }

    /// These carry no new streams, and close with their last one.
    func retireCarriers(where isDone: (UpstreamConnection) -> Bool) {
        for carrier in carriers.filter(isDone) { carrier.session?.retire() }
    }

    /// Connections that were set up with credentials which have been replaced since then.
    private func retireOutdated() {
        guard carriers.contains(where: { $0.context !== credentials.tls && !($0.session?.isGoingAway ?? true) }) else {
            return
        }
        retireCarriers { $0.context !== credentials.tls }
    }
}
