// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct ReplacementStateMachineTests {
    let job = ReplacementStateMachine.Job(old: 0, new: 2, floor: 2, reason: .maxAge)

    private func begun() -> ReplacementStateMachine {
        var machine = ReplacementStateMachine()
        machine.begin(job)
        return machine
    }

    @Test func theNewOneFirst() {
        var machine = begun()
        #expect(machine.look { _ in 9 } == .none, "the new one is not ready")
        machine.ready(slot: 1)
        #expect(machine.state == .starting(job), "another one became ready")
        machine.ready(slot: 2)
        #expect(machine.look { _ in 1 } == .none, "below the floor")
        #expect(machine.look { $0 == 0 ? 2 : 0 } == .drain(slot: 0, .maxAge))
        #expect(machine.gone(slot: 1) == .none)
        #expect(machine.ended(slot: 0) == .none)
        #expect(machine.gone(slot: 0) == .done(job))
        #expect(machine.isIdle)
    }

    @Test func aNewOneThatEndsLeavesTheOldOne() {
        var machine = begun()
        #expect(machine.ended(slot: 0) == .none, "the old one died; its slot starts another")
        #expect(machine.ended(slot: 2) == .fail(job))
        #expect(machine.isIdle)
        #expect(machine.look { _ in 9 } == .none)
    }

    @Test func aNewOneThatDiesLaterIsNoFailure() {
        var machine = begun()
        machine.ready(slot: 2)
        #expect(machine.ended(slot: 2) == .none)
        #expect(machine.state == .standing(job))
    }

    @Test func thePoolGrowsAndShrinks() {
        var machine = ReplacementStateMachine()
        let more = ReplacementStateMachine.Job(old: nil, new: 3, floor: 0, reason: .roll)
        machine.begin(more)
        machine.ready(slot: 3)
        #expect(machine.look { _ in 0 } == .done(more))
        let fewer = ReplacementStateMachine.Job(old: 3, new: nil, floor: 1, reason: .roll)
        machine.begin(fewer)
        #expect(machine.look { _ in 0 } == .none)
        #expect(machine.look { _ in 1 } == .drain(slot: 3, .roll))
        #expect(machine.gone(slot: 3) == .done(fewer))
    }

    /// A roll goes on while the old one drains.
    @Test func aRollDoesNotWaitForTheOldOne() {
        var machine = ReplacementStateMachine()
        machine.begin(.init(old: 0, new: 2, floor: 2, reason: .roll, mayOverlap: true))
        machine.ready(slot: 2)
        #expect(machine.look { _ in 1 } == .none, "below the floor")
        #expect(machine.look { _ in 2 } == .drain(slot: 0, .roll))
        #expect(machine.isIdle)
        #expect(machine.gone(slot: 0) == .none)
    }

    @Test func theEndOfAllForgetsIt() {
        var machine = begun()
        machine.stop()
        #expect(machine.isIdle)
        #expect(machine.ended(slot: 2) == .none)
    }
}
