// SPDX-License-Identifier: Apache-2.0

import Glibc
import Shared

@testable import Supervisor

/// All children that a world has had.
final class Population {
    fileprivate(set) var gateways: [GatewayNode] = []
    fileprivate(set) var keyrings: [KeyringNode] = []
    fileprivate var lastPid: Int32 = 100
    /// Of the launchers, whose editions come one after the other.
    fileprivate var random: Random

    init(_ scenario: Scenario) { random = Random(seed: scenario.seed, stream: 3) }

    var processes: [SimulatedProcess] { gateways + keyrings }
    var livingGateways: [GatewayNode] { gateways.filter(\.isAlive) }
}

/// Starts children inside the world, with one edition's configuration.
final class SimulatedLauncher: ChildLauncher {
    /// What becomes of the gateway workers of an edition.
    enum Fitness {
        case sound
        /// They never become ready: the API server does not answer them.
        case unreachable
        case dying
        case notStarting
    }

    private unowned let world: World
    private let configuration: GatewayConfiguration
    private unowned let api: SimulatedAPI
    private let population: Population
    private let fitness: Fitness
    /// Set by the supervisor, whose descriptors these are.
    weak var supervisor: SimulatedKernel?

    init(
        world: World, configuration: GatewayConfiguration, api: SimulatedAPI, population: Population,
        fitness: Fitness = .sound
    ) {
        self.world = world
        self.configuration = configuration
        self.api = api
        self.population = population
        self.fitness = fitness
    }

    func launch(_ role: WorkerRole, as id: WorkerID) throws(Errno) -> LaunchedChild {
        // Who is dead starts nobody.
        guard let supervisor, !supervisor.isDead else { throw .again }
        let isUnfit = role == .gateway && fitness == .notStarting
        // Not at rest: what was started last then would still wait for its next try when it is looked at.
        let fails = world.scenario.has(.childrenDoNotStart) && !world.isSilent && population.random.chance(25)
        if isUnfit || fails {
            world.fault("child not started")
            throw .again
        }
        let (ours, theirs) = Channel.pair(world: world, capacity: world.scenario.has(.fullChannels) ? 4 : 64)
        population.lastPid += 1
        let process: SimulatedProcess
        let panel: PanelReader
        switch role {
        case .gateway:
            let gateway = GatewayNode(
                world: world, configuration: configuration, channel: theirs, api: fitness == .unreachable ? nil : api,
                name: "\(id)")
            population.gateways.append(gateway)
            (process, panel) = (gateway, gateway.panel)
            // Not at rest, either: workers that become ready before they die can carry their edition through its roll.
            if fitness == .dying, !world.isSilent { gateway.kernel.callsLeft = population.random.within(1...60) }
        case .keyring:
            let keyring = KeyringNode(
                world: world, configuration: configuration, channel: theirs, provider: api.provider)
            population.keyrings.append(keyring)
            (process, panel) = (keyring, keyring.panel)
        case .admin: preconditionFailure("no simulated gateway has an admin listener")
        }
        let channel = supervisor.insert(ours)
        let child = SimulatedChild(process: process, pid: population.lastPid, supervisor: supervisor)
        return LaunchedChild(process: child, channel: channel, panel: panel)
    }
}

/// A child of the simulated supervisor.
private final class SimulatedChild: RunningChild {
    private let process: SimulatedProcess
    let pid: Int32
    let exitDescriptor: Int32
    private weak var supervisor: SimulatedKernel?

    init(process: SimulatedProcess, pid: Int32, supervisor: SimulatedKernel) {
        self.process = process
        self.pid = pid
        self.supervisor = supervisor
        exitDescriptor = supervisor.insert(process.exit)
    }

    deinit { supervisor?.close(exitDescriptor, reset: false) }

    var memory: UInt64? { process.memory }

    func signal(_ signal: Int32) {
        if process.serves { process.world.hasLostWorkers = true }
        process.world.after(.microseconds(200)) { [process] in process.die() }
    }

    func reap() -> ChildProcess.Exit? {
        guard !process.isAlive else { return nil }
        guard let code = process.code else { return ChildProcess.Exit(code: nil, signal: SIGKILL) }
        return ChildProcess.Exit(code: code, signal: nil)
    }

    func end(by deadline: Instant) { process.die() }
}
