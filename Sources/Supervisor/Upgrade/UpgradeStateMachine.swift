// SPDX-License-Identifier: Apache-2.0

import Shared

/// How a supervisor becomes its new program. Pure.
///
/// ```
/// idle ──wanted──▶ checking ──passed──▶ replacing ──▶ (the new program)
///   ▲                 │ refused, dead,     │ cannot be run
///   │                 │ or too late        │
///   └─────────────────┴────────────────────┘  the old program goes on
/// ```
///
/// The check is the new program itself, as a child: it reads the state that it would be given, and the configuration,
/// and asks its worker. Nothing of ours has changed when it fails, in whatever way.
struct UpgradeStateMachine {
    /// For the check to end: it starts the new worker's check, too.
    static let patience = Duration.seconds(10)
    /// From SIGKILL to its end.
    static let killAllowance = Duration.seconds(2)

    enum State: Equatable, Sendable {
        case idle
        case checking(deadline: Instant)
        /// The check has been killed; only its end is waited for.
        case late(deadline: Instant)
        case replacing
    }

    enum Action: Equatable, Sendable {
        case none
        /// Start the check of that number.
        case check(Int)
        case killCheck
        /// Become the new program.
        case replace
        /// The old program goes on; who asked is told why.
        case fail(String)
    }

    /// What there is against an upgrade now.
    enum Obstacle: Equatable, Sendable {
        case stopping
        case reloading
        case upgrading
        /// No gateway worker has been ready yet.
        case starting

        var explanation: String {
            switch self {
            case .stopping: "the gateway is stopping"
            case .reloading: "a reload or restart is going on"
            case .upgrading: "another upgrade is going on"
            case .starting: "the gateway has not begun to serve yet"
            }
        }
    }

    /// How the check's process ended.
    enum Ending: Equatable, Sendable {
        case exit(Int32)
        case signal(Int32)
    }

    private(set) var state = State.idle
    /// Of the check that was started last. One before, which hung even when it was killed, may still end.
    private(set) var check = 0

    var nextDeadline: Instant {
        switch state {
        case .checking(let deadline), .late(let deadline): deadline
        case .idle, .replacing: .never
        }
    }

    mutating func wanted(obstacle: Obstacle?, now: Instant) -> Action {
        guard state == .idle else { return .fail(Obstacle.upgrading.explanation) }
        if let obstacle { return .fail(obstacle.explanation) }
        state = .checking(deadline: now + Self.patience)
        check += 1
        return .check(check)
    }

    /// The check could not be started.
    mutating func cannotCheck(_ why: String) -> Action {
        guard case .checking = state else { return .none }
        state = .idle
        return .fail("the new program cannot be run: \(why)")
    }

    /// The check of that number has ended. `report`: what it said.
    mutating func checked(_ number: Int, _ ending: Ending, report: String, obstacle: Obstacle?) -> Action {
        guard number == check else { return .none }
        switch state {
        case .idle, .replacing: return .none
        case .late:
            state = .idle
            return .fail("the new program did not end its check within \(Self.patience.components.seconds) s")
        case .checking: break
        }
        guard ending == .exit(ExitCode.success) else {
            state = .idle
            return .fail(Self.explain(ending, report))
        }
        // What was true when the check began may not be any more.
        if let obstacle {
            state = .idle
            return .fail(obstacle.explanation)
        }
        state = .replacing
        return .replace
    }

    private static func explain(_ ending: Ending, _ report: String) -> String {
        switch ending {
        case .exit where !report.isEmpty: report
        case .exit(let code): "the new program did not pass its check: exit code \(code)"
        case .signal(let signal): "the new program did not pass its check: it died of signal \(signal)"
        }
    }

    mutating func timeReached(_ now: Instant) -> Action {
        guard now >= nextDeadline else { return .none }
        switch state {
        case .checking:
            state = .late(deadline: now + Self.killAllowance)
            return .killCheck
        case .late:
            // It hangs in the kernel; it is reaped whenever it ends.
            state = .idle
            return .fail("the new program did not end its check, nor when it was killed")
        case .idle, .replacing: return .none
        }
    }

    /// Still the old program.
    mutating func cannotReplace(_ why: String) -> Action {
        guard state == .replacing else { return .none }
        state = .idle
        return .fail("the new program cannot be run: \(why)")
    }

    /// The gateway stops.
    mutating func stop() -> Action {
        switch state {
        case .idle, .replacing: return .none
        case .checking, .late:
            state = .idle
            return .fail(Obstacle.stopping.explanation)
        }
    }
}
