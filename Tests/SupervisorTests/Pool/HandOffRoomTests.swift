// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

/// Connections that say nothing make room for newer ones.
@Suite struct HandOffRoomTests {
    let now = Instant(nanoseconds: 1_000_000_000)
    let worker = WorkerID(slot: 0, generation: 1)

    private func peer(_ number: Int) -> SocketAddress { SocketAddress("192.0.2.\(number):1") ?? .unspecified }

    /// As many as there are places, all with the worker; their names.
    private func full(_ capacity: Int = 4) -> (ledger: HandOffStateMachine, ids: [UInt64]) {
        var ledger = HandOffStateMachine(capacity: capacity, slots: 2, holdAllowance: .seconds(10))
        ledger.workerReady(worker, credits: 100)
        var ids: [UInt64] = []
        for number in 0..<capacity {
            if let id = ledger.accepted(listener: 0, peer: peer(number), now: now) { ids.append(id.rawValue) }
            if let offer = ledger.nextOffer() { ledger.handed(offer) }
        }
        return (ledger, ids)
    }

    @Test func theOldestIsForgottenForANewcomer() throws {
        var (ledger, ids) = full()
        #expect(ledger.room == 4, "those that a worker has make room")
        #expect(ledger.accepted(listener: 0, peer: peer(9), now: now) == nil)
        #expect(ledger.makeRoom().map(\.rawValue) == [ids[0]])
        #expect(ledger.makeRoom() == [], "there is room now")
        #expect(ledger.accepted(listener: 0, peer: peer(9), now: now) != nil)
        #expect(ledger.counts.forgotten == 1 && ledger.unclaimed == 4)
        #expect(ledger.connections(of: worker) == 4, "it keeps its credit")
    }

    @Test func heldOnesMakeNoRoom() {
        var ledger = HandOffStateMachine(capacity: 2, slots: 1, holdAllowance: .seconds(10))
        for number in 0..<2 { _ = ledger.accepted(listener: 0, peer: peer(number), now: now) }
        #expect(ledger.room == 0)
        #expect(ledger.makeRoom() == [])
    }

    @Test func severalAtOnceInALargeLedger() {
        var (ledger, ids) = full(256)
        #expect(ledger.makeRoom().map(\.rawValue) == Array(ids[..<4]))
    }

    /// Its worker may say of it what it would say of any other.
    @Test func whatItsWorkerSaysOfItIsNoViolation() throws {
        var (ledger, ids) = full()
        _ = ledger.makeRoom()
        var copy = ledger
        #expect(copy.claimedForgotten(ids[0], by: WorkerID(slot: 0, generation: 2)) == false)
        #expect(copy.claimedForgotten(ids[0], by: worker) == true)
        #expect(copy.claimedForgotten(ids[0], by: worker) == false, "claimed twice")
        #expect(copy.closed(ids[0], by: worker) == .claimed)
        #expect(copy.connections(of: worker) == 3 && copy.forgotten.isEmpty)

        copy = ledger
        #expect(copy.closed(ids[0], by: worker) == .claimed, "it never spoke")
        #expect(copy.connections(of: worker) == 3 && copy.forgotten.isEmpty)

        // It had never got the socket: now nobody has it.
        #expect(ledger.returnedForgotten(ids[0], by: worker) == true)
        #expect(ledger.counts.forgotten == 0 && ledger.counts.lost == 1)
        #expect(ledger.connections(of: worker) == 3)
    }

    @Test func itEndsWithItsWorker() {
        var (ledger, ids) = full()
        _ = ledger.makeRoom()
        #expect(ledger.workerDied(worker).map(\.rawValue) == Array(ids[1...]))
        #expect(ledger.forgotten.isEmpty)
    }

    @Test func theNextProgramKnowsOfIt() throws {
        var (ledger, ids) = full()
        _ = ledger.makeRoom()
        var next = HandOffStateMachine(capacity: 4, slots: 2, holdAllowance: .seconds(10))
        let restored = next.restore(ledger.saved)
        #expect(restored && next.saved == ledger.saved)
        #expect(next.claimedForgotten(ids[0], by: worker) == true)
        // The shares are counted on, too.
        #expect(next.shares.admits(peer(1), isExempt: false))
    }

    @Test func sharesFollowTheConnections() throws {
        var ledger = HandOffStateMachine(capacity: 64, slots: 1, holdAllowance: .seconds(10))
        ledger.workerReady(worker, credits: 100)
        var ids: [UInt64] = []
        while ledger.admits(peer(1), isExempt: false), let id = ledger.accepted(listener: 0, peer: peer(1), now: now) {
            ids.append(id.rawValue)
            if let offer = ledger.nextOffer() { ledger.handed(offer) }
        }
        #expect(ids.count == 16)
        #expect(ledger.admits(peer(2), isExempt: false) && ledger.admits(peer(1), isExempt: true))
        #expect(ledger.claimed(ids[0], by: worker) == true)
        #expect(ledger.admits(peer(1), isExempt: false), "it has spoken")
    }

    @Test func aReloadChangesHowLongOneIsHeld() throws {
        let handOff = HandOff(kernel: try LinuxKernel(), capacity: 4, slots: 1, holdAllowance: .seconds(10))
        var configuration = GatewayConfiguration(
            listeners: [], upstream: .init(server: "http://127.0.0.1:1"), authentication: .init(oidc: nil))
        configuration.deadlines.tlsHandshake = .seconds(3)
        handOff.use(configuration)
        let ends = try SocketPair.make()
        let other = FileDescriptor(owning: ends.theirs)
        handOff.accepted(FileDescriptor(owning: ends.ours), listener: 0, peer: peer(1), now: now)
        #expect(handOff.giveUpHeld(until: now + .seconds(2)) == 0)
        #expect(handOff.giveUpHeld(until: now + .seconds(3)) == 1)
        _ = other.raw
    }
}
