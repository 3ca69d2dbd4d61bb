// SPDX-License-Identifier: Apache-2.0

import Shared

/// Which deadline of an HTTP/2 connection comes next. Pure: time is an argument. Requests have their own.
struct HTTP2Deadlines: Equatable {
    enum Due: Equatable {
        /// The client's preface, or the rest of a header block, has not come.
        case head
        /// No stream was open for long enough.
        case idle
        /// Nothing was heard for a while: ask.
        case ask
        /// Nobody has answered.
        case silent
        /// The client takes nothing that we send.
        case blocked
        /// The final GOAWAY is due.
        case goAway
        /// A finished response still waits for its client.
        case stalled
        /// A request goes on that was answered before its end.
        case lingering
    }

    private let configuration: DeadlinesConfiguration
    private var preface: Instant
    private var head = Instant.never
    private var idle = Instant.never
    private var heard: Instant
    private var asked = Instant.never
    private var blocked = Instant.never
    private var goAway = Instant.never
    private var stalled = Instant.never
    private var lingering = Instant.never
    private var hasStreams = false

    init(configuration: DeadlinesConfiguration, now: Instant) {
        self.configuration = configuration
        preface = now + configuration.requestHead
        heard = now
    }

    /// The client's SETTINGS are there.
    mutating func prefaceArrived(now: Instant) {
        guard preface != .never else { return }
        preface = .never
        if !hasStreams { idle = now + configuration.keepAliveIdle }
    }

    mutating func headBegan(now: Instant) { head = now + configuration.requestHead }
    mutating func headEnded() { head = .never }
    var awaitsHead: Bool { head != .never }

    /// So many streams are open now.
    mutating func streamsChanged(isEmpty: Bool, now: Instant) {
        guard hasStreams == isEmpty else { return }
        hasStreams = !isEmpty
        idle = isEmpty && preface == .never ? now + configuration.keepAliveIdle : .never
        heard = max(heard, now)
        asked = .never
    }

    /// Anything arrived: the client is there.
    mutating func received(now: Instant) {
        heard = now
        asked = .never
    }

    mutating func askedForSign(now: Instant) { asked = now }

    /// The connection does not take what we have for it; `false`: it does again.
    mutating func outputBlocked(_ isBlocked: Bool, now: Instant) {
        if !isBlocked {
            blocked = .never
        } else if blocked == .never {
            blocked = now + configuration.bodyProgress
        }
    }

    /// Bytes went out.
    mutating func outputMoved(now: Instant) {
        if blocked != .never { blocked = now + configuration.bodyProgress }
    }

    /// A response is complete on our side but not taken. Returns until when it may wait.
    mutating func responseWaits(now: Instant) -> Instant {
        let deadline = now + configuration.bodyProgress
        stalled = min(stalled, deadline)
        return deadline
    }

    /// The earliest end of such a wait, after those that were over.
    mutating func stillWaiting(until deadline: Instant) { stalled = deadline }

    /// When the first of the requests that were answered before their end is to be reset; `.never`: there is none.
    mutating func lingers(until deadline: Instant) { lingering = deadline }

    mutating func noticeSent(now: Instant) { goAway = now + HTTP2Limits.drainNotice }
    mutating func goAwaySent() { goAway = .never }
    var awaitsGoAway: Bool { goAway != .never }

    private var sign: Instant {
        guard hasStreams else { return .never }
        return asked == .never ? heard + HTTP2Limits.pingInterval : asked + HTTP2Limits.pingTimeout
    }

    /// When something must have happened.
    var next: Instant {
        min(min(min(preface, head), min(idle, sign)), min(min(blocked, goAway), min(stalled, lingering)))
    }

    /// What is due at `now`, the end of everything before what only has to be done.
    func due(now: Instant) -> Due? {
        if now >= preface || now >= head { return .head }
        if now >= blocked { return .blocked }
        if now >= idle { return .idle }
        if now >= sign { return asked == .never ? .ask : .silent }
        if now >= goAway { return .goAway }
        if now >= stalled { return .stalled }
        return now >= lingering ? .lingering : nil
    }
}
