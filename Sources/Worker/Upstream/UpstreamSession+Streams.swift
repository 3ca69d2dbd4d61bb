// SPDX-License-Identifier: Apache-2.0

import Shared

/// What an HTTP/2 connection to the API server does for the pool and for its streams.
extension UpstreamSession {
    // MARK: For the pool

    /// How many streams it can carry.
    var capacity: Int { min(limit, engine.peerStreams) }

    /// Streams open, or promised.
    var load: Int { streams.count + promised }

    var takesStreams: Bool {
        isOpen && !isEnded && !isGoingAway && engine.takesRequests && engine.queuedFrames < HTTP2Limits.queuedFrames
    }

    var candidate: StreamPlacementPolicy.Candidate {
        .init(streams: load, limit: takesStreams ? capacity : 0, isBlocked: !output.isEmpty)
    }

    var isIdle: Bool { isOpen && !isEnded && load == 0 }

    /// A stream for `user`, which begins with its request's head.
    func promise(to user: any UpstreamUser) -> UpstreamStream {
        promised += 1
        pool.streamOpened()
        return UpstreamStream(of: self, for: user)
    }

    /// No more streams; it closes with the last one.
    func retire() {
        isGoingAway = true
        if load == 0 { end(.noError) }
    }

    /// Counts the streams whose user is over although they are not, as the pool does with connections.
    func countOrphans(now: Instant, age: Duration) -> Int {
        var orphans = 0
        for stream in streams.values {
            guard stream.isForsaken else {
                stream.orphanSince = nil
                continue
            }
            if let since = stream.orphanSince {
                if now.since(since) >= age { orphans += 1 }
            } else {
                stream.orphanSince = now
            }
        }
        return orphans
    }

    // MARK: For streams

    /// Begins the request whose head is in the plane's list of fields.
    func begin(_ stream: UpstreamStream, endsStream: Bool) -> Int32? {
        guard !isEnded, let id = engine.submitRequest(endsStream: endsStream) else { return nil }
        promised -= 1
        streams[id] = stream
        deadlines.streamsChanged(isEmpty: false, now: plane.reactor.now)
        schedule()
        return id
    }

    /// The stream has something to send.
    func touch(_ stream: UpstreamStream) {
        note(stream)
        if stream.id != 0 { engine.resume(stream.id) }
        schedule()
    }

    func note(_ stream: UpstreamStream) {
        guard !stream.isTouched else { return }
        stream.isTouched = true
        touched.append(stream)
    }

    func sent(_ count: Int, of stream: UpstreamStream) {
        budget.earn(AbuseBudget.earnedBySending(count))
        note(stream)
    }

    func consumed(_ count: Int, by stream: UpstreamStream) {
        engine.consumed(count, by: stream.id)
        schedule()
    }

    func reset(_ stream: UpstreamStream, _ code: HTTP2Code) {
        guard !isEnded else { return }
        engine.reset(stream.id, code)
        schedule()
    }

    func linger(_ stream: UpstreamStream) {
        lingering.append(stream)
        deadlines.lingers(until: lingering[0].lingersUntil)
        setTimer()
    }

    func resetLingering(_ now: Instant) {
        while let first = lingering.first, first.lingersUntil <= now {
            lingering.removeFirst()
            first.stopLingering()
        }
        deadlines.lingers(until: lingering.first?.lingersUntil ?? .never)
    }

    /// The stream is closed, or was never begun, and nobody uses it any more.
    func streamEnded(_ stream: UpstreamStream) {
        if stream.id == 0 { promised -= 1 } else { streams[stream.id] = nil }
        if stream.lingersUntil != .never {
            lingering.removeAll { $0 === stream }
            deadlines.lingers(until: lingering.first?.lingersUntil ?? .never)
        }
        budget.earn(AbuseBudget.served)
        pool.streamEnded()
        guard !isEnded else { return }
        if load == 0 {
            deadlines.streamsChanged(isEmpty: true, now: plane.reactor.now)
            pool.sessionIdle(self)
        }
        schedule()
    }
}
