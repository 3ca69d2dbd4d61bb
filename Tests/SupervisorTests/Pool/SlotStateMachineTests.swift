// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct SlotStateMachineTests {
    let start = Instant(nanoseconds: 1_000_000_000)

    private func at(_ seconds: Double) -> Instant { start + .milliseconds(Int64(seconds * 1_000)) }

    private func machine() -> SlotStateMachine {
        SlotStateMachine(startAllowance: .seconds(30), now: start)
    }

    private func readyMachine(at time: Instant) -> SlotStateMachine {
        var machine = machine()
        _ = machine.timeReached(time)
        _ = machine.greeted(version: ControlProtocol.version)
        _ = machine.becameReady(time)
        return machine
    }

    @Test func startsAtOnceAndBecomesReady() {
        var machine = machine()
        #expect(machine.timeReached(start) == .spawn(generation: 1))
        #expect(machine.state == .starting(deadline: at(30), greeted: false))
        #expect(machine.timeReached(at(29)) == .none)
        #expect(machine.greeted(version: ControlProtocol.version) == true)
        #expect(machine.becameReady(at(1)) == true)
        #expect(machine.state == .ready)
        #expect(machine.nextDeadline == .never)
    }

    @Test func aSpareSlotIsOpenedAndLeftAgain() {
        var machine = SlotStateMachine.spare(startAllowance: .seconds(30), now: start)
        #expect(machine.nextDeadline == .never)
        #expect(machine.timeReached(at(1)) == .none)
        for generation in 1...2 as ClosedRange<UInt32> {
            machine.open(at(2), startAllowance: .seconds(30))
            #expect(machine.timeReached(at(2)) == .spawn(generation: generation))
            _ = machine.greeted(version: ControlProtocol.version)
            _ = machine.becameReady(at(3))
            #expect(machine.drain(deadline: at(9), last: true) == true)
            #expect(machine.exited(at(4)) == .gone)
        }
    }

    @Test func aProcessThatIsNotReadyInTimeIsKilled() {
        var machine = machine()
        _ = machine.timeReached(start)
        #expect(machine.timeReached(at(30)) == .signal(9, .startDeadline))
        #expect(machine.state == .killed)
        #expect(machine.timeReached(at(99)) == .none)
        #expect(machine.exited(at(31)) == .restart(at: at(31)), "back-off counts from start to start")
    }

    @Test func theKeyringMayWaitForItsIssuerOnceItHasSaidHello() {
        var machine = SlotStateMachine(startAllowance: .seconds(30), mayWaitOnceGreeted: true, now: start)
        _ = machine.timeReached(start)
        #expect(machine.nextDeadline == at(30))
        #expect(machine.greeted(version: ControlProtocol.version) == true)
        #expect(machine.timeReached(at(3_600)) == .none)
        #expect(machine.becameReady(at(3_600)) == true)
    }

    @Test func wordsInTheWrongOrderAreRefused() {
        var machine = machine()
        #expect(machine.greeted(version: ControlProtocol.version) == false)
        _ = machine.timeReached(start)
        #expect(machine.becameReady(at(1)) == false, "ready before hello")
        #expect(machine.greeted(version: ControlProtocol.understood.upperBound + 1) == false, "another protocol")
        #expect(machine.greeted(version: ControlProtocol.version) == true)
        #expect(machine.greeted(version: ControlProtocol.version) == false, "hello twice")
        #expect(machine.becameReady(at(1)) == true)
        #expect(machine.becameReady(at(1)) == false, "ready twice")
    }

    @Test func deathBeforeReadyBacksOffUpToTenSeconds() {
        var machine = machine()
        var delays: [Double] = []
        for _ in 0..<11 {
            let now = machine.nextDeadline
            _ = machine.timeReached(now)
            guard case .restart(let next) = machine.exited(now) else { break }
            delays.append(next.since(now).milliseconds / 1_000)
        }
        #expect(delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, 10, 10])
        #expect(machine.youngDeaths == 11)
        #expect(machine.generation == 11)
    }

    @Test func deathSoonAfterReadyBacksOffUpToASecond() {
        var machine = machine()
        var delays: [Double] = []
        for _ in 0..<7 {
            let now = machine.nextDeadline
            _ = machine.timeReached(now)
            _ = machine.greeted(version: ControlProtocol.version)
            _ = machine.becameReady(now)
            guard case .restart(let next) = machine.exited(now) else { break }
            delays.append(next.since(now).milliseconds / 1_000)
        }
        #expect(delays == [0, 0.1, 0.2, 0.4, 0.8, 1, 1])
    }

    @Test func aStartThatFailsAfterManyYoungDeathsIsTheFirstOfItsKind() {
        var machine = machine()
        for _ in 0..<8 {
            let now = machine.nextDeadline
            _ = machine.timeReached(now)
            _ = machine.greeted(version: ControlProtocol.version)
            _ = machine.becameReady(now)
            _ = machine.exited(now)
        }
        let now = machine.nextDeadline
        _ = machine.timeReached(now)
        #expect(machine.exited(now) == .restart(at: now + SlotStateMachine.firstBackOff))
    }

    @Test func deathInAgeIsReplacedAtOnceAndForgetsTheTally() {
        var machine = readyMachine(at: start)
        _ = machine.exited(at(1))
        #expect(machine.youngDeaths == 1)
        _ = machine.timeReached(at(1))
        _ = machine.greeted(version: ControlProtocol.version)
        _ = machine.becameReady(at(1))
        #expect(machine.exited(at(11)) == .restart(at: at(11)))
        #expect(machine.youngDeaths == 0)
        #expect(machine.deaths == 2)
    }

    @Test func aHungProcessIsAbortedThenKilled() {
        var machine = readyMachine(at: start)
        #expect(machine.hung(at(20)) == .signal(6, .hung))
        #expect(machine.hung(at(21)) == .none)
        #expect(machine.nextDeadline == at(22))
        #expect(machine.timeReached(at(22)) == .signal(9, .hung))
        #expect(machine.timeReached(at(30)) == .none)
        #expect(machine.exited(at(30)) == .restart(at: at(30)))
    }

    @Test func aProcessThatClosesItsChannelMayExitByItself() {
        var machine = readyMachine(at: start)
        machine.channelLost(at(1))
        #expect(machine.reason == nil)
        #expect(machine.timeReached(at(3)) == .signal(9, .channelLost))
        #expect(machine.reason == .channelLost)
    }

    @Test func theLastDrainEndsTheSlot() {
        var machine = readyMachine(at: start)
        #expect(machine.drain(deadline: at(45), last: true) == true)
        #expect(machine.state == .draining(deadline: at(45)))
        #expect(machine.drain(deadline: at(50), last: true) == true, "a later deadline changes nothing")
        #expect(machine.nextDeadline == at(45))
        #expect(machine.drain(deadline: at(10), last: true) == true)
        #expect(machine.timeReached(at(10)) == .signal(9, .drainDeadline))
        #expect(machine.exited(at(10)) == .gone)
        #expect(machine.state == .gone)
    }

    @Test func aDrainThatIsNotTheLastIsFollowedByAnother() {
        var machine = readyMachine(at: start)
        #expect(machine.drain(deadline: at(45), last: false) == true)
        #expect(machine.exited(at(20)) == .restart(at: at(20)))
        #expect(machine.timeReached(at(20)) == .spawn(generation: 2))
    }

    @Test func oneThatWentAsItWasToldIsNoCrash() {
        var machine = readyMachine(at: start)
        for second in [1.0, 2, 3, 4, 5] {
            #expect(machine.drain(deadline: at(45), last: false) == true)
            // Its channel's end is often seen before its own.
            machine.channelLost(at(second))
            #expect(machine.exited(at(second)) == .restart(at: at(second)))
            #expect(machine.youngDeaths == 0)
            _ = machine.timeReached(at(second))
            _ = machine.greeted(version: ControlProtocol.version)
            _ = machine.becameReady(at(second))
            #expect(!machine.wasToldToDrain)
        }
        #expect(machine.exited(at(6)) == .restart(at: at(6)))
        #expect(machine.youngDeaths == 1, "this one was not told")
    }

    @Test func aSlotWithoutAProcessIsGoneAtOnce() {
        var machine = machine()
        #expect(machine.drain(deadline: at(45), last: true) == false)
        #expect(machine.state == .gone)
        #expect(machine.timeReached(at(50)) == .none)
    }

    @Test func killingTwiceSignalsOnce() {
        var machine = readyMachine(at: start)
        #expect(machine.kill(.protocolError) == .signal(9, .protocolError))
        #expect(machine.kill(.forced) == .none)
        #expect(machine.reason == .protocolError)
    }
}
