// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

/// Random worlds: the machines of the supervisor with modelled children, from a seed, with what must hold at every step.
@Suite struct SupervisionPropertyTests {
    static let seeds: ClosedRange<UInt64> = 1...40

    private func world(_ seed: UInt64) -> SupervisionWorld {
        var world = SupervisionWorld(seed: seed)
        for _ in 0..<1_000 {
            world.step()
            world.check()
        }
        return world
    }

    @Test(arguments: seeds)
    func invariantsHold(seed: UInt64) {
        var world = world(seed)
        world.stop()
        #expect(world.finished == ExitCode.success)
        #expect(world.alive.isEmpty, "every child that was spawned is reaped")
        #expect(world.spawned == world.reaped)
        #expect(world.ledger.unclaimed == 0)
        #expect(world.copies.isEmpty, "no socket is left behind")
    }

    /// Invariants of what never happens would say nothing.
    @Test func everythingReallyHappens() {
        let worlds = Self.seeds.map { world($0) }
        #expect(worlds.count { $0.recycled > 0 } >= 15, "\(worlds.map(\.recycled))")
        #expect(worlds.count { $0.rolled > 0 } >= 20, "\(worlds.map(\.rolled))")
        #expect(worlds.count { $0.hangsFound > 0 } >= 30, "\(worlds.map(\.hangsFound))")
        #expect(worlds.count { $0.pauses > 0 } >= 30, "\(worlds.map(\.pauses))")
        let counts = worlds.map(\.ledger.counts)
        #expect(counts.count { $0.redelivered > 0 } >= 20 && counts.count { $0.lost > 0 } >= 20)
        #expect(counts.count { ($0.forgotten ?? 0) > 0 } >= 10, "\(counts.map(\.forgotten))")
    }
}
