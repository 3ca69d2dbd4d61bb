// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

/// The ledger goes from one program of the supervisor to the next.
@Suite struct HandOffSavedTests {
    let now = Instant(nanoseconds: 1_000_000_000)
    let first = WorkerID(slot: 0, generation: 3)
    let second = WorkerID(slot: 2, generation: 1)

    /// Two workers; of five connections one is claimed, one handed to each, and two held.
    private func busy() -> HandOffStateMachine {
        var ledger = HandOffStateMachine(capacity: 8, slots: 3, holdAllowance: .seconds(10))
        ledger.workerReady(first, credits: 2)
        ledger.workerReady(second, credits: 1)
        for port in 1...5 {
            _ = ledger.accepted(
                listener: 1, peer: SocketAddress("192.0.2.1:\(port)") ?? .unspecified, now: now + .seconds(port))
        }
        while let offer = ledger.nextOffer() { ledger.handed(offer) }
        let claimed = ledger.saved.connections.first { $0.holder == first }?.id ?? 0
        let isTheirs = ledger.claimed(claimed, by: first)
        #expect(isTheirs)
        return ledger
    }

    private func restored(_ saved: HandOffStateMachine.Saved, capacity: Int = 8) -> HandOffStateMachine? {
        var ledger = HandOffStateMachine(capacity: capacity, slots: 3, holdAllowance: .seconds(10))
        return ledger.restore(saved) ? ledger : nil
    }

    @Test func everythingIsThereAgain() throws {
        let before = busy()
        let after = try #require(restored(before.saved))
        #expect(after.saved == before.saved)
        #expect(after.unclaimed == 4 && after.held == 2 && after.room == before.room)
        #expect(after.counts == before.counts)
        for worker in [first, second] {
            #expect(after.credits(of: worker) == before.credits(of: worker))
            #expect(after.connections(of: worker) == before.connections(of: worker))
        }
    }

    @Test func workersGoOnSayingTheSameNames() throws {
        var after = try #require(restored(busy().saved))
        let theirs = after.saved.connections.filter { $0.holder == second }.map(\.id)
        #expect(theirs.count == 1)
        let strange = after.claimed(theirs[0], by: first)
        #expect(!strange)
        let claimed = after.claimed(theirs[0], by: second)
        #expect(claimed)
        let closing = after.closed(theirs[0], by: second)
        #expect(closing == .claimed)
        let offer = try #require(after.nextOffer())
        #expect(offer.worker == second && offer.peer.port == 4, "the one that has waited longest")
        after.handed(offer)
        let accepted = after.accepted(listener: 0, peer: .unspecified, now: now)
        let new = try #require(accepted)
        #expect(!busy().saved.connections.map(\.id).contains(new.rawValue), "a name came twice")
        let left = after.workerDied(first)
        #expect(left.count == 1)
    }

    @Test func whatHasNoRoomIsRefused() {
        #expect(restored(busy().saved, capacity: 3) == nil)
        var saved = busy().saved
        saved.connections[0].id = saved.connections[1].id
        #expect(restored(saved) == nil, "one place twice")
        saved = busy().saved
        saved.takers[0].id = WorkerID(slot: 3, generation: 1)
        #expect(restored(saved) == nil, "a worker without a slot")
    }
}
