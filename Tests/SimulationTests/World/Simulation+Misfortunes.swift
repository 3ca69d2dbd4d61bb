// SPDX-License-Identifier: Apache-2.0

import Shared

@testable import Supervisor

/// What befalls a world from outside, at times that its seed decides.
extension Simulation {
    func planMisfortunes() {
        let active = scenario.activeSeconds * 1_000
        if scenario.has(.workersDie) {
            for _ in 0..<random.within(1...4) {
                world.after(random.milliseconds(100...active)) { [unowned self] in killSomeWorker() }
            }
        }
        if scenario.has(.workersHang) {
            for _ in 0..<random.within(1...2) {
                world.after(random.milliseconds(100...active)) { [unowned self] in hangSomeWorker() }
            }
        }
        if scenario.has(.keyringDies) {
            world.after(random.milliseconds(10...active)) { [unowned self] in
                population.keyrings.last?.kernel.callsLeft = random.within(1...20)
            }
        }
        if scenario.has(.clockJumps) {
            world.after(random.milliseconds(10...active)) { [unowned self] in
                world.fault("clock jumps")
                world.wallOffset += Int64(random.within(1...100_000))
            }
        }
        if scenario.has(.earlyShutdown) {
            endsEarly = true
            let time = random.within(100...active)
            world.after(.milliseconds(time)) { [unowned self] in signal() }
            if scenario.has(.repeatedSignals) {
                for _ in 0..<random.within(1...3) {
                    world.after(.milliseconds(time + random.within(0...7_000))) { [unowned self] in signal() }
                }
            }
        }
        if scenario.has(.reloads) {
            for _ in 0..<random.within(1...3) {
                world.after(random.milliseconds(100...active)) { [unowned self] in reload() }
            }
        }
        if scenario.has(.memoryGrows) {
            for _ in 0..<random.within(1...3) {
                world.after(random.milliseconds(100...active)) { [unowned self] in growSomeWorker() }
            }
        }
        if scenario.has(.supervisorDies) {
            endsEarly = true
            world.after(random.milliseconds(100...active)) { [unowned self] in
                supervisor.kernel.callsLeft = random.within(1...60)
                supervisor.wake(after: .zero)
            }
        }
    }

    func signal() {
        world.fault("signal")
        supervisor.signalled()
    }

    /// SIGHUP: sometimes nothing has changed, sometimes it is another pool, and sometimes its workers do not work.
    private func reload() {
        guard !world.isSilent else { return }
        world.fault("reload")
        if random.chance(20) { return supervisor.reload(nil) }
        var next = configuration
        next.workers.count = random.within(1...3)
        var fitness = SimulatedLauncher.Fitness.sound
        if scenario.has(.editionsFail), random.chance(60) {
            world.fault("edition fails")
            fitness = random.pick([.unreachable, .dying, .notStarting])
        }
        let launcher = SimulatedLauncher(
            world: world, configuration: next, api: api, population: population, fitness: fitness)
        supervisor.reload((next, launcher, keepsKeyring: random.chance(50)))
    }

    /// What is above the hard limit must end at once; the other is looked at when the world is at rest.
    private func growSomeWorker() {
        guard !population.livingGateways.isEmpty, !world.isSilent else { return }
        world.fault("memory grows")
        let worker = random.pick(population.livingGateways)
        let isHard = random.chance(50)
        let limit = isHard ? GatewayConfiguration.hardMemory : GatewayConfiguration.softMemory
        worker.memory = max(worker.memory, UInt64(limit) + 1)
        guard isHard else { return }
        world.after(.seconds(3)) { [unowned self] in
            world.check(
                !worker.isAlive || !supervisor.isAlive, "worker \(worker.id) is alive 3 s after its memory had grown")
        }
    }

    /// Whoever is above a limit has been replaced.
    func checkRecycled() {
        // A replacement that fails makes the next one wait.
        guard !scenario.has(.childrenDoNotStart) else { return }
        let most = configuration.recycling.maxRequests
        for worker in population.livingGateways where worker.serves {
            world.check(
                worker.memory <= GatewayConfiguration.softMemory, "worker \(worker.id) is above its memory at rest")
            let served = worker.panel.value(.exchangesEnded)
            world.check(most == 0 || served < most, "worker \(worker.id) has served \(served) of \(most) requests")
        }
    }

    private func killSomeWorker() {
        guard !population.livingGateways.isEmpty, !world.isSilent else { return }
        random.pick(population.livingGateways).kernel.callsLeft = random.pick([1, 3, 10, 40, 200])
    }

    private func hangSomeWorker() {
        guard !population.livingGateways.isEmpty, !world.isSilent else { return }
        world.fault("worker hangs")
        random.pick(population.livingGateways).freeze(for: random.milliseconds(50...14_000))
    }
}
