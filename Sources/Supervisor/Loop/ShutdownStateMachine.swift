// SPDX-License-Identifier: Apache-2.0

import Shared

/// The order of a shutdown, and its nested deadlines. Pure.
///
/// ```
/// running ──signal──▶ notReady ──delay──▶ gateways drain ──all gone──▶ keyring drains ──gone──▶ over
///                        │  second signal: all are cut at once; a third: SIGKILL
///                        └  delay + drain deadline < hard deadline (SIGKILL) < abandon deadline (exit 1)
/// ```
struct ShutdownStateMachine {
    enum State: Equatable, Sendable {
        case running
        /// Everything is served, and health says that it soon will not be.
        case notReady(until: Instant)
        case gateways
        case keyring
        case over
    }

    enum Action: Equatable, Sendable {
        case none
        /// Say that the gateway is not ready, and serve on.
        case announce
        /// Stop accepting; tell gateway workers to drain until `drain`; SIGKILL at `hard`.
        case drainGateways(drain: Instant, hard: Instant)
        case drainKeyring(deadline: Instant)
        /// Tell every child to cut everything and exit; SIGKILL at `hard`.
        case cut(hard: Instant)
        case kill
        case finish(code: Int32)
    }

    /// A child that is told to cut, or a keyring to drain, has nothing to wait for.
    static let cutAllowance = Duration.seconds(1)
    /// SIGKILL takes effect at once, unless a child hangs in the kernel; then we go without it.
    static let reapAllowance = Duration.seconds(2)

    private let delay: Duration
    private let drainAllowance: Duration
    private let hardAllowance: Duration
    private(set) var state = State.running
    private(set) var began: Instant?
    private var hard = Instant.never
    private var cuts = 0
    private var code = ExitCode.success

    init(delay: Duration = .zero, drain: Duration, hardStop: Duration) {
        self.delay = delay
        drainAllowance = drain
        hardAllowance = max(delay + drain, hardStop)
    }

    init(_ deadlines: DeadlinesConfiguration) {
        self.init(delay: deadlines.drainDelay, drain: deadlines.drain, hardStop: deadlines.hardStop)
    }

    /// When `timeReached` has something to do.
    var nextDeadline: Instant {
        switch state {
        case .running, .over: .never
        case .notReady(let until): until
        case .gateways, .keyring: hard + Self.reapAllowance
        }
    }

    /// SIGTERM or SIGINT.
    mutating func requested(_ now: Instant) -> Action {
        switch state {
        case .running:
            began = now
            hard = now + hardAllowance
            guard delay > .zero else { return drain(now) }
            state = .notReady(until: now + delay)
            return .announce
        case .notReady, .gateways, .keyring:
            if DeliberateFault.isOn(.secondSignalIgnored) { return .none }
            state = state == .keyring ? .keyring : .gateways
            cuts += 1
            if cuts > 1 { return .kill }
            hard = min(hard, now + Self.cutAllowance)
            return .cut(hard: hard)
        case .over: return .none
        }
    }

    private mutating func drain(_ now: Instant) -> Action {
        state = .gateways
        return .drainGateways(drain: now + drainAllowance, hard: hard)
    }

    /// The supervisor cannot go on: everything ends at once, with that exit code.
    mutating func failed(_ code: Int32, now: Instant) -> Action {
        if state == .over { return .none }
        self.code = code
        if state != .keyring { state = .gateways }
        began = began ?? now
        cuts += 1
        hard = min(hard, now + Self.cutAllowance)
        return .cut(hard: hard)
    }

    /// Some child is gone for good.
    mutating func childGone(gatewaysLeft: Int, keyringLeft: Bool, now: Instant) -> Action {
        switch state {
        case .running, .notReady, .over: return .none
        case .gateways, .keyring:
            if gatewaysLeft > 0 { return .none }
            if !keyringLeft {
                state = .over
                return .finish(code: code)
            }
            guard state == .gateways else { return .none }
            state = .keyring
            return .drainKeyring(deadline: min(hard, now + Self.cutAllowance))
        }
    }

    mutating func timeReached(_ now: Instant) -> Action {
        guard now >= nextDeadline else { return .none }
        if case .notReady = state { return drain(now) }
        state = .over
        return .finish(code: code == ExitCode.success ? ExitCode.failure : code)
    }
}
