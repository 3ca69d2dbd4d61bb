// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct ShutdownStateMachineTests {
    let start = Instant.zero + .seconds(100)

    private func at(_ seconds: Int) -> Instant { start + .seconds(seconds) }
    private func machine() -> ShutdownStateMachine {
        ShutdownStateMachine(drain: .seconds(30), hardStop: .seconds(45))
    }

    @Test func gatewaysFirstThenTheKeyring() {
        var machine = machine()
        #expect(machine.nextDeadline == .never)
        #expect(machine.childGone(gatewaysLeft: 0, keyringLeft: false, now: start) == .none)
        #expect(machine.requested(start) == .drainGateways(drain: at(30), hard: at(45)))
        #expect(machine.nextDeadline == at(47))
        #expect(machine.childGone(gatewaysLeft: 1, keyringLeft: true, now: at(1)) == .none)
        #expect(machine.childGone(gatewaysLeft: 0, keyringLeft: true, now: at(2)) == .drainKeyring(deadline: at(3)))
        #expect(machine.childGone(gatewaysLeft: 0, keyringLeft: true, now: at(2)) == .none)
        #expect(machine.childGone(gatewaysLeft: 0, keyringLeft: false, now: at(3)) == .finish(code: 0))
        #expect(machine.state == .over)
        #expect(machine.requested(at(4)) == .none)
    }

    @Test func theKeyringsDeadlineIsInsideTheHardOne() {
        var machine = machine()
        _ = machine.requested(start)
        #expect(
            machine.childGone(gatewaysLeft: 0, keyringLeft: true, now: at(45)) == .drainKeyring(deadline: at(45)))
    }

    @Test func aKeyringThatDiedFirstIsNotWaitedFor() {
        var machine = machine()
        _ = machine.requested(start)
        #expect(machine.childGone(gatewaysLeft: 0, keyringLeft: false, now: at(1)) == .finish(code: 0))
    }

    @Test func aSecondSignalCutsAndAThirdKills() {
        var machine = machine()
        _ = machine.requested(start)
        #expect(machine.requested(at(5)) == .cut(hard: at(6)))
        #expect(machine.requested(at(5)) == .kill)
        #expect(machine.nextDeadline == at(8))
        #expect(machine.childGone(gatewaysLeft: 0, keyringLeft: false, now: at(6)) == .finish(code: 0))
    }

    @Test func aSecondSignalNeverBringsMoreTime() {
        var machine = machine()
        _ = machine.requested(start)
        #expect(machine.requested(start + .milliseconds(44_500)) == .cut(hard: at(45)))
    }

    @Test func whatTheKernelDoesNotGiveBackIsLeft() {
        var machine = machine()
        _ = machine.requested(start)
        #expect(machine.timeReached(at(46)) == .none)
        #expect(machine.timeReached(at(47)) == .finish(code: 1))
    }

    @Test func aFailureEndsEverythingWithItsCode() {
        var machine = machine()
        #expect(machine.failed(78, now: start) == .cut(hard: at(1)))
        #expect(machine.childGone(gatewaysLeft: 0, keyringLeft: false, now: start) == .finish(code: 78))
    }

    @Test func aFailureWhileDrainingKeepsTheOrder() {
        var machine = machine()
        _ = machine.requested(start)
        #expect(machine.failed(78, now: at(1)) == .cut(hard: at(2)))
        #expect(machine.requested(at(1)) == .kill)
        #expect(machine.timeReached(at(4)) == .finish(code: 78))
    }

    @Test func notReadyFirstThenTheDrain() {
        var machine = ShutdownStateMachine(delay: .seconds(5), drain: .seconds(30), hardStop: .seconds(45))
        #expect(machine.requested(start) == .announce)
        #expect(machine.nextDeadline == at(5))
        #expect(machine.childGone(gatewaysLeft: 0, keyringLeft: false, now: at(1)) == .none, "nobody was told yet")
        #expect(machine.timeReached(at(4)) == .none)
        // The hard deadline counts from the signal.
        #expect(machine.timeReached(at(5)) == .drainGateways(drain: at(35), hard: at(45)))
        #expect(machine.nextDeadline == at(47))
    }

    @Test func aSecondSignalDoesNotWaitForTheDelay() {
        var machine = ShutdownStateMachine(delay: .seconds(5), drain: .seconds(30), hardStop: .seconds(45))
        _ = machine.requested(start)
        #expect(machine.requested(at(2)) == .cut(hard: at(3)))
        #expect(machine.nextDeadline == at(5))
        #expect(machine.childGone(gatewaysLeft: 0, keyringLeft: false, now: at(3)) == .finish(code: 0))
    }

    @Test func aFailureDoesNotWaitForTheDelay() {
        var machine = ShutdownStateMachine(delay: .seconds(5), drain: .seconds(30), hardStop: .seconds(45))
        _ = machine.requested(start)
        #expect(machine.failed(78, now: at(1)) == .cut(hard: at(2)))
        #expect(machine.timeReached(at(4)) == .finish(code: 78))
    }

    @Test func deadlinesNestEvenWhenToldOtherwise() {
        var machine = ShutdownStateMachine(drain: .seconds(30), hardStop: .seconds(10))
        #expect(machine.requested(start) == .drainGateways(drain: at(30), hard: at(30)))
    }
}

@Suite struct ShutdownTallyTests {
    @Test func sumsUp() {
        var tally = ShutdownTally()
        tally.workerGone(
            begin: .init(ended: 100, inFlight: 10, cut: 0, drained: 1),
            end: .init(ended: 108, inFlight: 2, cut: 3, drained: 3))
        tally.workerGone(begin: .init(ended: 5, inFlight: 1, cut: 0), end: .init(ended: 6, inFlight: 0, cut: 0))
        #expect(tally.servedOut == 4)
        #expect(tally.drained == 2)
        #expect(tally.cut == 3)
        #expect(tally.killed == 2)
    }

    @Test func aLyingPanelDoesNoHarm() {
        var tally = ShutdownTally()
        let liar = ShutdownTally.Figures(ended: .max, inFlight: .max, cut: .max, drained: .max)
        tally.workerGone(begin: .init(ended: 9, inFlight: 0, cut: 9), end: .init(ended: 1, inFlight: 0, cut: 1))
        #expect(tally == ShutdownTally())
        tally.workerGone(begin: .init(ended: 0, inFlight: 0, cut: 0), end: liar)
        tally.workerGone(begin: .init(ended: 0, inFlight: 0, cut: 0), end: liar)
        #expect(tally.servedOut == 0)
    }
}
