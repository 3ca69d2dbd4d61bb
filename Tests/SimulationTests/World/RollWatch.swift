// SPDX-License-Identifier: Apache-2.0

import Shared

@testable import Supervisor

/// What must hold while workers are replaced on purpose: nobody is missed, there are never many too many, a roll ends in
/// time, and leads either to the new edition or back to the old one.
final class RollWatch {
    private var from: Edition?
    private var to: Edition?
    private var latest = Instant.never
    /// All workers were ready at some time since the last thing that excuses it.
    private var wasFull = false

    func began(from: Edition, to: Edition, until latest: Instant) {
        self.from = from
        self.to = to
        self.latest = latest
    }

    func ended(isDone: Bool, _ pool: WorkerPool, in world: World) {
        world.note("roll ended", isDone ? 1 : 0)
        let current = pool.current
        // A stop ends it wherever it is.
        if !pool.stopping {
            world.check(from != nil, "a roll ends that has not begun")
            world.check(current === (isDone ? to : from), "a roll has ended with the other edition")
        }
        // Should even the old edition not start, those of the new one drain all the same.
        if !isDone { wasFull = false }
        (from, to, latest) = (nil, nil, .never)
    }

    /// After each turn of the supervisor.
    func look(at pool: WorkerPool, in world: World) {
        world.check(world.now <= latest, "a roll goes on beyond its time")
        let least = min(from?.workers ?? pool.target, to?.workers ?? pool.target)
        let most = max(from?.workers ?? pool.target, to?.workers ?? pool.target)
        let ready = pool.readyGateways
        if ready >= pool.target { wasFull = true }
        if wasFull, !world.hasLostWorkers {
            world.check(ready >= least, "\(ready) workers are ready, and on purpose fewer than \(least)")
        }
        let processes = pool.gateways.count { $0.machine.hasProcess }
        world.check(processes <= 2 * most + 1, "\(processes) workers where \(most) should be")
        guard from == nil else { return }
        let leaving = pool.gateways.count { $0.machine.isLeaving && $0.machine.hasProcess }
        world.check(leaving <= most, "\(leaving) workers leave at once, and there is no roll")
    }
}
