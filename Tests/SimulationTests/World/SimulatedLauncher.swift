// SPDX-License-Identifier: Apache-2.0

import Glibc
import Shared

@testable import Supervisor

/// Starts children inside the world.
final class SimulatedLauncher: ChildLauncher {
    private unowned let world: World
    private let configuration: GatewayConfiguration
    private unowned let api: SimulatedAPI
    /// Set by the supervisor, whose descriptors these are.
    weak var supervisor: SimulatedKernel?
    private(set) var gateways: [GatewayNode] = []
    private(set) var keyrings: [KeyringNode] = []
    private var random: Random
    private var lastPid: Int32 = 100

    init(world: World, configuration: GatewayConfiguration, api: SimulatedAPI) {
        self.world = world
        self.configuration = configuration
        self.api = api
        random = Random(seed: world.scenario.seed, stream: 3)
    }

    func launch(_ role: WorkerRole) throws(Errno) -> LaunchedChild {
        guard let supervisor else { throw .again }
        if world.scenario.has(.childrenDoNotStart), random.chance(25) {
            world.fault("child not started")
            throw .again
        }
        let (ours, theirs) = Channel.pair(world: world, capacity: world.scenario.has(.fullChannels) ? 4 : 64)
        lastPid += 1
        let process: SimulatedProcess
        let panel: PanelReader
        switch role {
        case .gateway:
            let gateway = GatewayNode(world: world, configuration: configuration, channel: theirs, api: api)
            gateways.append(gateway)
            (process, panel) = (gateway, gateway.panel)
        case .keyring:
            let keyring = KeyringNode(world: world, channel: theirs)
            keyrings.append(keyring)
            (process, panel) = (keyring, keyring.panel)
        case .admin: preconditionFailure("no simulated gateway has an admin listener")
        }
        let channel = supervisor.insert(ours)
        let child = SimulatedChild(process: process, pid: lastPid, supervisor: supervisor)
        return LaunchedChild(process: child, channel: channel, panel: panel)
    }

    var processes: [SimulatedProcess] { gateways + keyrings }
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

    var memory: UInt64? { nil }

    func signal(_ signal: Int32) {
        process.world.after(.microseconds(200)) { [process] in process.die() }
    }

    func reap() -> ChildProcess.Exit? {
        guard !process.isAlive else { return nil }
        guard let code = process.code else { return ChildProcess.Exit(code: nil, signal: SIGKILL) }
        return ChildProcess.Exit(code: code, signal: nil)
    }

    func end(by deadline: Instant) { process.die() }
}
