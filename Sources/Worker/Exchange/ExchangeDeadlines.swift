// SPDX-License-Identifier: Apache-2.0

import Shared

/// Which deadline of an exchange comes next. Pure: time is an argument.
///
/// One absolute deadline covers the whole request (none for long-running ones: their client's presence is proven
/// instead); beside it, each stage has its own.
struct ExchangeDeadlines: Equatable {
    private let limits: WaitLimits
    private var total: Instant
    private let isLongRunning: Bool
    private var stage: (stage: Stage, at: Instant)

    init(limits: WaitLimits, start: Instant, isLongRunning: Bool) {
        self.limits = limits
        self.isLongRunning = isLongRunning
        total = isLongRunning ? .never : start.later(by: limits.request)
        stage = (.identity, start.later(by: limits.identity))
    }

    /// What is waited for changes, or makes progress: its time starts anew at `now`.
    mutating func enter(_ new: Stage, now: Instant) {
        switch new {
        case .identity: stage = (new, now.later(by: limits.identity))
        case .connect: stage = (new, now.later(by: limits.upstreamConnect))
        case .firstResponseByte: stage = (new, isLongRunning ? .never : now.later(by: limits.firstResponseByte))
        case .request: stage = (new, .never)
        case .responseBody: stage = (new, isLongRunning ? .never : now.later(by: limits.bodyProgress))
        case .requestBody, .upstreamWrite, .clientWrite, .tunnelClosing:
            stage = (new, now.later(by: limits.bodyProgress))
        case .tunnelIdle: stage = (new, now.later(by: limits.tunnelIdle))
        }
    }

    /// The request has become a tunnel: it has no total any more, whatever it was for.
    mutating func tunnelStarted(now: Instant) {
        total = .never
        enter(.tunnelIdle, now: now)
    }

    /// Enters a stage that is not the current one; a current one keeps its time.
    mutating func wait(for new: Stage, now: Instant) {
        if stage.stage != new { enter(new, now: now) }
    }

    var current: Stage { stage.stage }

    /// When something must have happened.
    var next: Instant { min(total, stage.at) }

    /// The stage whose time is over at `now`, if one is. The total deadline is spent by the stage that runs.
    func expired(now: Instant) -> Stage? {
        if now >= stage.at { return stage.stage }
        return now >= total ? .request : nil
    }

    static func == (left: Self, right: Self) -> Bool {
        left.limits === right.limits && left.total == right.total
            && left.isLongRunning == right.isLongRunning && left.stage == right.stage
    }
}
