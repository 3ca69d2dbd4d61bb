// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct HandOffStateMachineTests {
    let now = Instant(nanoseconds: 1_000_000_000)
    let first = WorkerID(slot: 0, generation: 1)
    let second = WorkerID(slot: 1, generation: 1)

    private func ledger(capacity: Int = 8, credits: [Int] = []) -> HandOffStateMachine {
        var ledger = HandOffStateMachine(capacity: capacity, slots: 3, holdAllowance: .seconds(10))
        for (slot, count) in credits.enumerated() {
            ledger.workerReady(WorkerID(slot: slot, generation: 1), credits: count)
        }
        return ledger
    }

    private func accept(_ ledger: inout HandOffStateMachine) -> UInt64? {
        ledger.accepted(listener: 0, peer: .unspecified, now: now)?.rawValue
    }

    /// Accepts and hands over one connection.
    private func hand(_ ledger: inout HandOffStateMachine) -> (id: UInt64, worker: WorkerID)? {
        guard accept(&ledger) != nil, let offer = ledger.nextOffer() else { return nil }
        ledger.handed(offer)
        return (offer.connection.rawValue, offer.worker)
    }

    @Test func theWorkerWithMostCreditsIsChosenAndEqualOnesTakeTurns() {
        var ledger = ledger(credits: [2, 4])
        let order = (0..<6).compactMap { _ in hand(&ledger)?.worker.slot }
        #expect(order == [1, 1, 0, 1, 0, 1])
        #expect(ledger.credits == 0)
        #expect(hand(&ledger) == nil)
        #expect(ledger.held == 1)
    }

    @Test func identifiersNeverRepeat() {
        var ledger = ledger(capacity: 1, credits: [1])
        var seen = Set<UInt64>()
        for _ in 0..<100 {
            guard let (id, worker) = hand(&ledger) else { break }
            #expect(seen.insert(id).inserted)
            #expect(ledger.closed(id, by: worker) == .unclaimed)
        }
        #expect(seen.count == 100)
    }

    @Test func aClaimKeepsTheCreditAndACloseGivesItBack() throws {
        var ledger = ledger(credits: [2])
        let (id, _) = try #require(hand(&ledger))
        #expect(ledger.credits == 1)
        #expect(ledger.unclaimed == 1)
        #expect(ledger.claimed(id, by: first) == true)
        #expect(ledger.credits == 1)
        #expect(ledger.unclaimed == 0)
        #expect(ledger.closed(id, by: first) == .claimed)
        #expect(ledger.credits == 2)
        #expect(ledger.closed(id, by: first) == .violation, "closed twice")
    }

    @Test func onlyTheHolderMayClaim() throws {
        var ledger = ledger(credits: [2, 1])
        let (id, worker) = try #require(hand(&ledger))
        #expect(worker == first)
        #expect(ledger.claimed(id, by: second) == false)
        #expect(ledger.claimed(id &+ 65_536, by: first) == false, "another connection in the same place")
        #expect(ledger.claimed(7, by: first) == false, "a place that is free")
        #expect(ledger.claimed(.max, by: first) == false, "a place that there is not")
        #expect(ledger.claimed(id, by: WorkerID(slot: 0, generation: 2)) == false, "another process of the slot")
        #expect(ledger.claimed(id, by: first) == true)
        #expect(ledger.claimed(id, by: first) == false, "claimed twice")
    }

    @Test func withoutRoomNothingIsTakenIn() {
        var ledger = ledger(capacity: 2)
        #expect(accept(&ledger) != nil)
        #expect(accept(&ledger) != nil)
        #expect(ledger.room == 0)
        #expect(accept(&ledger) == nil)
        #expect(ledger.counts.accepted == 2)
    }

    @Test func untouchedConnectionsOfADeadWorkerComeBeforeNewerOnes() throws {
        var ledger = ledger(credits: [3])
        let (one, _) = try #require(hand(&ledger))
        let (two, _) = try #require(hand(&ledger))
        let (three, _) = try #require(hand(&ledger))
        let newer = try #require(accept(&ledger))
        #expect(ledger.workerDied(first).map(\.rawValue) == [one, two, three])
        ledger.examined(.init(rawValue: one), intact: true, now: now)
        ledger.examined(.init(rawValue: two), intact: false, now: now)
        ledger.examined(.init(rawValue: three), intact: true, now: now)
        #expect(ledger.counts.lost == 1)
        ledger.workerReady(second, credits: 9)
        var order: [UInt64] = []
        while let offer = ledger.nextOffer() {
            order.append(offer.connection.rawValue)
            ledger.handed(offer)
        }
        #expect(order == [one, three, newer])
        #expect(ledger.counts.redelivered == 2)
        #expect(ledger.counts.handed == 6)
    }

    @Test func claimedConnectionsOfADeadWorkerAreNotOurs() throws {
        var ledger = ledger(credits: [3])
        let (id, _) = try #require(hand(&ledger))
        #expect(ledger.claimed(id, by: first) == true)
        #expect(ledger.workerDied(first) == [])
        #expect(ledger.workerDied(first) == [], "dead twice")
        #expect(ledger.counts.lost == 0)
    }

    @Test func aSluggishWorkerIsLeftOutUntilItTurnsAgain() throws {
        var ledger = ledger(credits: [5, 3])
        ledger.setSluggish(first, true)
        #expect(ledger.credits == 3)
        #expect(try #require(hand(&ledger)).worker == second)
        ledger.setSluggish(first, false)
        #expect(try #require(hand(&ledger)).worker == first)
    }

    @Test func aWorkerThatIsBlockedOrDrainsIsLeftOut() throws {
        var ledger = ledger(credits: [5, 3])
        ledger.setBlocked(first, true)
        #expect(ledger.credits == 3)
        #expect(try #require(hand(&ledger)).worker == second)
        ledger.setBlocked(WorkerID(slot: 0, generation: 9), false)
        #expect(ledger.credits == 2, "words about another process change nothing")
        ledger.setBlocked(first, false)
        ledger.workerStopsAccepting(second)
        #expect(ledger.credits == 5)
        #expect(try #require(hand(&ledger)).worker == first)
    }

    @Test func heldConnectionsAreGivenUpAtTheirDeadline() throws {
        var ledger = ledger()
        let id = try #require(accept(&ledger))
        #expect(ledger.giveUpHeld(until: now + .seconds(9)) == [])
        #expect(ledger.giveUpHeld(until: now + .seconds(10)).map(\.rawValue) == [id])
        #expect(ledger.counts.lost == 1)
        #expect(ledger.unclaimed == 0)
        _ = accept(&ledger)
        #expect(ledger.giveUpHeld(until: .never).count == 1)
    }
}
