// SPDX-License-Identifier: Apache-2.0

import Shared

/// A process of the world: a kernel's view, a loop, and when the loop turns next.
class SimulatedProcess {
    unowned let world: World
    let id: Int
    let kernel: SimulatedKernel
    let reactor: Reactor
    let exit = ProcessExit()
    private(set) var isAlive = true
    /// The exit code; nil while it runs, and when a signal ended it.
    private(set) var code: Int32?
    /// Anonymous memory in bytes, as the kernel tells the supervisor.
    var memory: UInt64 = 10 << 20
    private var random: Random
    private var wakeAt = Instant.never
    private var frozenUntil = Instant.zero
    private var idleTurns = 0
    private var isTurning = false

    convenience init(world: World) {
        let kernel = SimulatedKernel(world: world)
        self.init(world: world, kernel: kernel, reactor: Reactor(kernel: kernel))
    }

    init(world: World, kernel: SimulatedKernel, reactor: Reactor) {
        self.world = world
        id = world.nextID()
        self.kernel = kernel
        self.reactor = reactor
        random = Random(seed: world.scenario.seed, stream: UInt64(2_000_000 + id))
        kernel.onChange = { [unowned self] in somethingChanged() }
        kernel.onDeath = { [unowned self] in die() }
    }

    // MARK: Turns

    private func somethingChanged() {
        guard isAlive, !isTurning, kernel.hasEvents else { return }
        wake(after: random.microseconds(5...150))
    }

    func wake(after delay: Duration) {
        let time = max(world.now + delay, frozenUntil)
        guard isAlive, time < wakeAt else { return }
        wakeAt = time
        world.at(time) { [weak self] in
            guard let self, isAlive, wakeAt == time, world.now >= frozenUntil else { return }
            wakeAt = .never
            turn()
        }
    }

    /// Stops the loop, as a bug or a debugger would.
    func freeze(for duration: Duration) {
        frozenUntil = world.now + duration
        wakeAt = .never
        wake(after: duration)
    }

    /// Whether it stood still at some time in the 150 ms before `time`.
    func wasFrozen(since time: Instant) -> Bool { time < frozenUntil + .milliseconds(150) }

    private func turn() {
        let before = kernel.progress
        isTurning = true
        reactor.turn(maxWait: nil)
        isTurning = false
        world.note("turn", id, kernel.eventsGiven)
        guard isAlive else { return }
        if reactor.isStopped { return leave() }
        // A loop that has events again and again and does nothing about them burns a core.
        idleTurns = kernel.eventsGiven > 0 && kernel.progress == before ? idleTurns + 1 : 0
        world.check(idleTurns < 200, "process \(id) spins on \(kernel.readyNow): \(describeState())")
        turned()
        if kernel.eventsGiven > 0 {
            wake(after: random.microseconds(5...60))
        } else if let timeout = kernel.timeout {
            wake(after: timeout)
        }
    }

    /// After each turn.
    func turned() {}

    func describeState() -> String { "" }

    /// It had become ready for clients.
    var serves: Bool { false }

    // MARK: The end

    /// The loop ended by itself.
    func leave() {
        end(code: 0)
    }

    final func end(code: Int32) {
        guard isAlive else { return }
        isAlive = false
        self.code = code
        world.note("process exits", id, Int(code))
        kernel.die()
        exit.end()
    }

    /// It is killed, or falls over.
    func die() {
        guard isAlive else { return }
        isAlive = false
        world.hasDeaths = true
        if serves { world.hasLostWorkers = true }
        world.fault("process dies", id)
        kernel.die()
        exit.end()
        world.after(.zero) { [self] in bury() }
    }

    /// Takes the objects of a dead process apart; nothing of that reaches the world.
    func bury() {}
}
