// SPDX-License-Identifier: Apache-2.0

import Shared

/// What one request goes through, from its head to its end. Pure: events in, one action out.
///
/// ```
/// identifying ──▶ connecting ──▶ requesting ──▶ responding ──▶ ended
///      │              │   ▲          │  │  │         │
///      │              │   └── retry ─┘  │  └──▶ tunnelling ──▶ ended
///      └──────────────┴─────────────────┴────────────┴──▶ ended, from everywhere, with a reason
/// ```
///
/// Both bodies flow while `requesting` and `responding`; the two phases differ in whether the client has been given a
/// final response head, after which the gateway cannot answer for itself any more. A tunnel (101) has two ways, which
/// end one by one: what ends the exchange elsewhere, the client's FIN, ends one way here.
struct ExchangeStateMachine: Equatable {
    enum Phase: UInt8, Equatable, Sendable {
        case identifying = 1
        case connecting = 2
        case requesting = 3
        case responding = 4
        case ended = 5
        case tunnelling = 6
    }

    /// The two ways of a tunnel.
    enum Way: Equatable, Sendable {
        case toUpstream
        case toClient
    }

    private(set) var phase = Phase.identifying
    /// The whole request was handed to the upstream connection.
    private(set) var requestComplete = false
    /// Something of a response was received, be it one byte, or of an interim one.
    private(set) var responseSeen = false
    private(set) var retried = false
    /// How often the API server has said that it never looked at it.
    private var declines = 0
    /// It can say so of one connection after the other, while it restarts; but not for ever.
    private static let mostDeclines = 3
    /// The upstream connection had carried a request before: it may turn out to have been closed meanwhile.
    private var reused = false
    /// The request went out on a stream, of which the API server may say that it never looked at it.
    private var onStream = false
    /// The ways of a tunnel that are through: ended by their sender, delivered, and ended towards their receiver; or
    /// with nobody there any more who would take what comes.
    private(set) var toUpstreamFinished = false
    private(set) var toClientFinished = false
    /// The client has asked for a tunnel.
    private let mayTunnel: Bool
    /// Sending it twice does the same as sending it once, and we still have all of it.
    private let repeatable: Bool
    /// We still have all of it, whatever it does.
    private let replayable: Bool

    enum Action: Equatable {
        case none
        /// Get a connection to the API server.
        case connect
        /// Hand over the request's head, and start to relay.
        case sendRequest
        /// Drop the upstream connection and get a fresh one.
        case retry
        case end(EndReason)
    }

    /// - Parameters:
    ///   - repeatable: the method is idempotent and there is no body (RFC 9110 section 9.2.2).
    ///   - replayable: there is no body, so that what was never processed can be sent again, whatever the method.
    ///   - mayTunnel: an upgrade is asked for. Such a request is never repeated: whatever its method, it may run a command.
    init(repeatable: Bool, replayable: Bool = false, mayTunnel: Bool = false) {
        self.repeatable = repeatable && !mayTunnel
        self.replayable = (repeatable || replayable) && !mayTunnel
        self.mayTunnel = mayTunnel
    }

    mutating func identified() -> Action {
        guard phase == .identifying else { return .none }
        phase = .connecting
        return .connect
    }

    mutating func upstreamAcquired(reused: Bool, onStream: Bool = false) -> Action {
        guard phase == .connecting else { return .none }
        self.reused = reused
        self.onStream = onStream
        phase = .requesting
        return .sendRequest
    }

    mutating func requestFinished() {
        requestComplete = true
    }

    /// The first bytes of a response arrived, be it only a part of a head: the API server has taken the request up.
    mutating func responseArrived() {
        responseSeen = true
    }

    mutating func responseStarted() {
        guard phase == .requesting else { return }
        phase = .responding
    }

    /// The whole response was handed to the client's connection.
    mutating func responseFinished() -> Action {
        guard phase == .responding else { return .none }
        return end(.completed)
    }

    /// The upstream connection is gone before the response's end.
    mutating func upstreamFailed(_ failure: UpstreamFailure) -> Action {
        switch phase {
        case .ended: return .none
        case .requesting where mayRepeat:
            // The server closed a kept connection just when we used it (RFC 9112 section 9.3.1). A fresh connection
            // that fails the same way is the server's own doing, and there is no third try.
            return retry()
        case .tunnelling where toClientFinished:
            // It had ended its stream before; that it takes nothing any more is the usual end of a tunnel.
            return end(.completed)
        case .identifying, .connecting, .requesting, .responding, .tunnelling:
            return end(.upstreamFailed(failure))
        }
    }

    /// The API server has not looked at the request, and says so (RFC 9113 section 8.7): it can be sent again whatever it
    /// does, as long as we have all of it.
    mutating func upstreamDeclined() -> Action {
        guard phase == .requesting, mayReplay else { return upstreamFailed(.closedEarly) }
        declines += 1
        return retry()
    }

    private mutating func retry() -> Action {
        retried = true
        requestComplete = false
        phase = .connecting
        return .retry
    }

    // MARK: Tunnels

    /// The API server agrees to the upgrade (101). False: nobody has asked for that, or the request is not through.
    mutating func tunnelStarted() -> Bool {
        guard phase == .requesting, mayTunnel, requestComplete else { return false }
        phase = .tunnelling
        return true
    }

    /// A way is through. The tunnel ends with its second one.
    mutating func wayFinished(_ way: Way) -> Action {
        guard phase == .tunnelling else { return .none }
        switch way {
        case .toUpstream: toUpstreamFinished = true
        case .toClient: toClientFinished = true
        }
        let isThrough = toUpstreamFinished && toClientFinished || DeliberateFault.isOn(.halfCloseEndsTunnel)
        return isThrough ? end(.completed) : .none
    }

    /// Whether a way still carries something.
    func isOpen(_ way: Way) -> Bool {
        phase == .tunnelling && !(way == .toUpstream ? toUpstreamFinished : toClientFinished)
    }

    /// Both bodies flow.
    var isRelaying: Bool { phase == .requesting || phase == .responding }

    /// Whether the request may still have to be sent again.
    var mayRetry: Bool { mayRepeat || mayReplay }

    /// Whether it may be sent again if the API server has not looked at it.
    private var mayReplay: Bool { onStream && replayable && declines < Self.mostDeclines && !responseSeen }

    /// Whether it may be sent again although the API server may have acted upon it.
    private var mayRepeat: Bool {
        reused && (repeatable || DeliberateFault.isOn(.retriesAnything)) && !retried && !responseSeen
    }

    /// Any other end.
    mutating func end(_ reason: EndReason) -> Action {
        guard phase != .ended else { return .none }
        lastPhase = phase
        phase = .ended
        return .end(reason)
    }

    /// The phase that it ended in.
    private(set) var lastPhase = Phase.identifying

    /// What an end means for both sides.
    func disposition(of reason: EndReason) -> Disposition {
        let headSent = lastPhase == .responding || lastPhase == .tunnelling
        switch reason {
        case .completed where lastPhase == .tunnelling:
            return Disposition(client: .finishAndClose, upstream: .finish)
        case .completed:
            return Disposition(
                client: requestComplete ? .finish : .finishAndClose, upstream: requestComplete ? .release : .close)
        case .drained, .expired:
            return Disposition(client: .finishAndClose, upstream: .close)
        case .clientGone:
            return Disposition(client: .drop, upstream: .close)
        case .answered, .deadline, .refused, .clientInvalid, .upstreamFailed, .upstreamInvalid, .cut, .cancelled:
            guard !headSent else { return Disposition(client: .cut, upstream: .close) }
            return Disposition(client: .answer, upstream: .close)
        }
    }

    struct Disposition: Equatable {
        let client: ClientEnd
        let upstream: UpstreamEnd
    }

    enum ClientEnd: Equatable {
        /// The response is whole; the connection goes on if both sides want that.
        case finish
        /// The response is whole, but the request never will be, or the client is to go elsewhere.
        case finishAndClose
        /// The gateway answers for itself with a `Status`.
        case answer
        /// The response is not whole, and the client must be able to tell.
        case cut
        /// Nobody is there any more.
        case drop
    }

    enum UpstreamEnd: Equatable {
        /// Back to the pool, if HTTP allows it.
        case release
        /// All is said: it closes properly.
        case finish
        case close
    }
}
