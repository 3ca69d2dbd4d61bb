// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct UpgradeStateMachineTests {
    let start = Instant.zero + .seconds(100)

    private func checking() -> UpgradeStateMachine {
        var machine = UpgradeStateMachine()
        #expect(machine.wanted(obstacle: nil, now: start) == .check(1))
        return machine
    }

    @Test func aCheckThatPassesIsFollowedByTheNewProgram() {
        var machine = checking()
        #expect(machine.nextDeadline == start + UpgradeStateMachine.patience)
        #expect(machine.checked(1, .exit(0), report: "", obstacle: nil) == .replace)
        #expect(machine.state == .replacing)
        #expect(machine.nextDeadline == .never)
        #expect(machine.stop() == .none)
    }

    @Test(
        "Every other end of the check leaves the old program",
        arguments: [
            (UpgradeStateMachine.Ending.exit(1), "no such key", "no such key"),
            (.exit(1), "", "exit code 1"), (.exit(2), "", "exit code 2"), (.signal(11), "", "signal 11"),
            (.signal(9), "half a re", "signal 9"),
        ])
    func refused(ending: UpgradeStateMachine.Ending, report: String, why: String) {
        var machine = checking()
        guard case .fail(let text) = machine.checked(1, ending, report: report, obstacle: nil) else {
            Issue.record("\(machine.state)")
            return
        }
        #expect(text.contains(why))
        #expect(machine.state == .idle)
        #expect(machine.wanted(obstacle: nil, now: start) == .check(2), "another try is allowed")
    }

    @Test(
        "Not now",
        arguments: [
            UpgradeStateMachine.Obstacle.stopping, .reloading, .starting,
        ])
    func obstacles(obstacle: UpgradeStateMachine.Obstacle) {
        var machine = UpgradeStateMachine()
        #expect(machine.wanted(obstacle: obstacle, now: start) == .fail(obstacle.explanation))
        #expect(machine.state == .idle)
        // Also when it comes up while the check runs.
        machine = checking()
        #expect(machine.checked(1, .exit(0), report: "", obstacle: obstacle) == .fail(obstacle.explanation))
        #expect(machine.state == .idle)
    }

    @Test func oneAtATime() {
        var machine = checking()
        #expect(
            machine.wanted(obstacle: nil, now: start) == .fail(UpgradeStateMachine.Obstacle.upgrading.explanation))
        #expect(machine.checked(1, .exit(0), report: "", obstacle: nil) == .replace, "the first one is not disturbed")
    }

    @Test func aCheckThatHangsIsKilled() {
        var machine = checking()
        let late = start + UpgradeStateMachine.patience
        #expect(machine.timeReached(start + .seconds(1)) == .none)
        #expect(machine.timeReached(late) == .killCheck)
        #expect(machine.nextDeadline == late + UpgradeStateMachine.killAllowance)
        guard case .fail(let why) = machine.checked(1, .signal(9), report: "", obstacle: nil) else {
            Issue.record("\(machine.state)")
            return
        }
        #expect(why.contains("did not end its check"))
        #expect(machine.state == .idle)
    }

    @Test func aCheckThatCannotBeKilledIsNotWaitedFor() {
        var machine = checking()
        let late = start + UpgradeStateMachine.patience
        _ = machine.timeReached(late)
        guard case .fail = machine.timeReached(late + UpgradeStateMachine.killAllowance) else {
            Issue.record("\(machine.state)")
            return
        }
        #expect(machine.state == .idle)
        #expect(machine.checked(1, .exit(0), report: "", obstacle: nil) == .none, "it ends at last")
    }

    /// One that hung even when it was killed ends while another is under way.
    @Test func aLateEndIsNotTheNextOnes() {
        var machine = checking()
        let late = start + UpgradeStateMachine.patience
        _ = machine.timeReached(late)
        _ = machine.timeReached(late + UpgradeStateMachine.killAllowance)
        #expect(machine.wanted(obstacle: nil, now: late + .seconds(60)) == .check(2))
        #expect(machine.checked(1, .signal(9), report: "", obstacle: nil) == .none)
        #expect(machine.checked(1, .exit(0), report: "", obstacle: nil) == .none)
        #expect(machine.state == .checking(deadline: late + .seconds(60) + UpgradeStateMachine.patience))
        #expect(machine.checked(2, .exit(0), report: "", obstacle: nil) == .replace)
    }

    /// The check itself can say what hung, before it is killed for hanging.
    @Test func deadlinesNest() {
        #expect(UpgradeSettings.longestCheck <= UpgradeStateMachine.patience - .seconds(2))
        #expect(WorkerVersion.patience + ShutdownStateMachine.reapAllowance <= UpgradeSettings.longestCheck)
    }

    @Test func whatCannotBeRunChangesNothing() {
        var machine = checking()
        #expect(machine.cannotCheck("EACCES") == .fail("the new program cannot be run: EACCES"))
        #expect(machine.state == .idle)
        machine = checking()
        _ = machine.checked(1, .exit(0), report: "", obstacle: nil)
        #expect(machine.cannotReplace("ENOEXEC") == .fail("the new program cannot be run: ENOEXEC"))
        #expect(machine.state == .idle)
        #expect(machine.cannotReplace("twice") == .none)
    }

    @Test func theGatewayMayStopMeanwhile() {
        var machine = checking()
        #expect(machine.stop() == .fail("the gateway is stopping"))
        #expect(machine.state == .idle)
        #expect(machine.stop() == .none)
    }
}
