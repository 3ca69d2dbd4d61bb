// SPDX-License-Identifier: Apache-2.0

import Shared

/// The order of a shutdown, and its nested deadlines. Pure.
///
/// ```
/// running ──signal──▶ gateways drain ──all gone──▶ keyring drains ──gone──▶ over
///                        │  second signal: all are cut at once; a third: SIGKILL
///                        └  drain deadline < hard deadline (SIGKILL) < abandon deadline (exit 1)
/// ```
struct ShutdownStateMachine {
    enum State: Equatable, Sendable {
        case running
        case gateways
        case keyring
        case over
    }

    enum Action: Equatable, Sendable {
        case none
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

    private let drainAllowance: Duration
    private let hardAllowance: Duration
    private(set) var state = State.running
    private(set) var began: Instant?
    private var hard = Instant.never
    private var cuts = 0
    private var code = ExitCode.success

    init(drain: Duration, hardStop: Duration) {
        drainAllowance = drain
        hardAllowance = max(drain, hardStop)
    }

    /// When `timeReached` has something to do.
    var nextDeadline: Instant {
        switch state {
        case .running, .over: .never
        case .gateways, .keyring: hard + Self.reapAllowance
        }
    }

    /// SIGTERM or SIGINT.
    mutating func requested(_ now: Instant) -> Action {
        switch state {
        case .running:
            began = now
            state = .gateways
            hard = now + hardAllowance
            return .drainGateways(drain: now + drainAllowance, hard: hard)
        case .gateways, .keyring:
            cuts += 1
            if cuts > 1 { return .kill }
            hard = min(hard, now + Self.cutAllowance)
            return .cut(hard: hard)
        case .over: return .none
        }
    }

    /// The supervisor cannot go on: everything ends at once, with that exit code.
    mutating func failed(_ code: Int32, now: Instant) -> Action {
        if state == .over { return .none }
        self.code = code
        if state == .running {
            began = now
            state = .gateways
        }
        cuts += 1
        hard = min(hard, now + Self.cutAllowance)
        return .cut(hard: hard)
    }

    /// Some child is gone for good.
    mutating func childGone(gatewaysLeft: Int, keyringLeft: Bool, now: Instant) -> Action {
        switch state {
        case .running, .over: return .none
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
        state = .over
        return .finish(code: code == ExitCode.success ? ExitCode.failure : code)
    }
}
