// SPDX-License-Identifier: Apache-2.0

import Shared

/// One worker takes another's place: the new one, in a slot that is free, becomes ready; then the old one drains, and
/// its slot is free. Pure. There is one of these, so that there is one voluntary recycle at a time.
///
/// A roll does not wait for the old one's end (`mayOverlap`): once it is told to drain, the next one's turn comes. So
/// rolling eight workers with long watches takes eight starts and one drain; the floor holds all the same.
///
/// ```
/// idle ──begin──▶ starting ──new is ready──▶ standing ──floor is kept──▶ leaving ──old is gone──▶ idle
///                    └──new has ended──▶ idle (failed)
/// ```
struct ReplacementStateMachine: Equatable, Codable {
    struct Job: Equatable, Sendable, Codable {
        /// The slot to leave; nil: the pool grows.
        var old: Int?
        /// The free slot to fill; nil: the pool shrinks.
        var new: Int?
        /// Ready workers that there must be without the old one.
        var floor: Int
        var reason: RecycleReason
        /// The next job need not wait until the old one is gone.
        var mayOverlap = false
    }

    enum State: Equatable, Sendable, Codable {
        case idle
        case starting(Job)
        /// The new one is ready; the old one serves until there are enough others.
        case standing(Job)
        case leaving(Job)
    }

    enum Action: Equatable, Sendable {
        case none
        case drain(slot: Int, RecycleReason)
        /// The new one will not come; its slot is to be given up.
        case fail(Job)
        case done(Job)
    }

    private(set) var state = State.idle

    var isIdle: Bool { state == .idle }

    /// The slot that is being filled, until its worker is ready.
    var starting: Int? {
        if case .starting(let job) = state { return job.new }
        return nil
    }

    /// The slot whose worker is to go once the new one is ready, or goes already.
    var leaving: Int? {
        switch state {
        case .idle: nil
        case .starting(let job), .standing(let job), .leaving(let job): job.old
        }
    }

    /// The driver opens `job.new` next, and then calls `look`.
    mutating func begin(_ job: Job) {
        precondition(isIdle && (job.old != nil || job.new != nil))
        state = job.new == nil ? .standing(job) : .starting(job)
    }

    /// A worker became ready.
    mutating func ready(slot: Int) {
        if case .starting(let job) = state, job.new == slot { state = .standing(job) }
    }

    /// A process has ended, whatever its slot does next.
    mutating func ended(slot: Int) -> Action {
        guard case .starting(let job) = state, job.new == slot else { return .none }
        state = .idle
        return .fail(job)
    }

    /// - Parameter readyWithout: how many workers are ready, the one in that slot left out.
    mutating func look(readyWithout: (Int?) -> Int) -> Action {
        if DeliberateFault.isOn(.drainsBeforeReady), case .starting(let job) = state, let old = job.old {
            state = .leaving(job)
            return .drain(slot: old, job.reason)
        }
        guard case .standing(let job) = state, readyWithout(job.old) >= job.floor else { return .none }
        guard let old = job.old else {
            state = .idle
            return .done(job)
        }
        state = job.mayOverlap ? .idle : .leaving(job)
        return .drain(slot: old, job.reason)
    }

    /// A slot has no process any more, and none will come.
    mutating func gone(slot: Int) -> Action {
        guard case .leaving(let job) = state, job.old == slot, !DeliberateFault.isOn(.replacementNotEnded) else {
            return .none
        }
        state = .idle
        return .done(job)
    }

    /// Everything ends: nothing is replaced any more.
    mutating func stop() { state = .idle }
}
