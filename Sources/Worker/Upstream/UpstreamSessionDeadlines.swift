// SPDX-License-Identifier: Apache-2.0

import Shared

/// Which deadline of an HTTP/2 connection to the API server comes next. Pure: time is an argument. Requests have their
/// own.
///
/// A server that has open streams and says nothing is asked after 10 s (PING), and is taken for gone when it has said
/// nothing for 10 s after that; so one that dies without a sign is noticed within 20 s. Where streams begin on a
/// connection that was silent for longer, the question goes out with them.
struct UpstreamSessionDeadlines: Equatable {
    enum Due: Equatable {
        /// No stream was open for long enough.
        case idle
        /// Nothing was heard for a while: ask.
        case ask
        /// Nobody has answered.
        case silent
        /// A stream whose response is through has not ended.
        case lingering
    }

    private let idleTimeout: Duration
    private var heard: Instant
    private var asked = Instant.never
    private var idle: Instant
    private var lingering = Instant.never
    private var hasStreams = false

    /// - Parameter now: when the server was first heard.
    init(idleTimeout: Duration, now: Instant) {
        self.idleTimeout = idleTimeout
        heard = now
        idle = now + idleTimeout
    }

    mutating func streamsChanged(isEmpty: Bool, now: Instant) {
        guard hasStreams == isEmpty else { return }
        hasStreams = !isEmpty
        idle = isEmpty ? now + idleTimeout : .never
        asked = .never
    }

    /// Anything arrived: the server is there.
    mutating func received(now: Instant) {
        heard = now
        asked = .never
    }

    mutating func askedForSign(now: Instant) { asked = now }

    /// When the first of the streams that wait for nothing but their end is to be reset; `.never`: there is none.
    mutating func lingers(until deadline: Instant) { lingering = deadline }

    private var sign: Instant {
        guard hasStreams else { return .never }
        return asked == .never ? heard + HTTP2Limits.upstreamPingInterval : asked + HTTP2Limits.upstreamPingTimeout
    }

    /// When something must have happened.
    var next: Instant { min(min(idle, sign), lingering) }

    /// What is due at `now`, the end of everything before what only has to be done.
    func due(now: Instant) -> Due? {
        if now >= idle { return .idle }
        if now >= sign { return asked == .never ? .ask : .silent }
        return now >= lingering ? .lingering : nil
    }
}
