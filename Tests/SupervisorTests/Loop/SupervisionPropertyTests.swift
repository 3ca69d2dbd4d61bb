// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

/// Random worlds: the machines of the supervisor with modelled children, from a seed, with what must hold at every step.
@Suite struct SupervisionPropertyTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func invariantsHold(seed: UInt64) {
        var world = SupervisionWorld(seed: seed)
        for _ in 0..<1_000 {
            world.step()
            world.check()
        }
        world.stop()
        #expect(world.finished == ExitCode.success)
        #expect(world.alive.isEmpty, "every child that was spawned is reaped")
        #expect(world.spawned == world.reaped)
        #expect(world.ledger.unclaimed == 0)
        #expect(world.copies.isEmpty, "no socket is left behind")
    }
}
