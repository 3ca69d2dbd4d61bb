// SPDX-License-Identifier: Apache-2.0

import Shared

@testable import Worker

/// One world from its beginning to its end: a time in which everything happens, a time in which all peers are silent and
/// everything must come to rest by its deadlines, and the shutdown.
final class Simulation {
    let world: World
    let scenario: Scenario
    let configuration: GatewayConfiguration
    let api: SimulatedAPI
    private let listener = Listener()
    let population: Population
    let supervisor: SupervisorNode
    private var clients: [SimulatedClient] = []
    private var endpoints: [Endpoint] = []
    var random: Random
    var endsEarly = false

    struct Outcome {
        let violation: String?
        let hash: UInt64
        let events: Int
        let elapsed: Duration
        let counts: World.Counts
        let lines: [String]
    }

    static func run(_ scenario: Scenario, recordsLines: Bool = false) -> Outcome {
        let simulation = Simulation(World(scenario, recordsLines: recordsLines))
        simulation.run()
        return simulation.takeApart()
    }

    private init(_ world: World) {
        self.world = world
        scenario = world.scenario
        random = Random(seed: scenario.seed, stream: 6)
        configuration = GatewayConfiguration(scenario, &random)
        api = SimulatedAPI(world: world)
        population = Population(scenario)
        let launcher = SimulatedLauncher(world: world, configuration: configuration, api: api, population: population)
        supervisor = SupervisorNode(
            world: world, configuration: configuration, listener: listener, launcher: launcher)
        var planned = Random(seed: scenario.seed, stream: 7)
        for number in 0..<scenario.clients {
            // Each client's plans have a stream of their own: fewer clients do not change the others.
            var own = Random(seed: planned.next(), stream: 0)
            let plans = (0..<scenario.requestsPerClient).map { index in
                RequestPlan(id: number * 100 + index + 1, scenario: scenario, random: &own)
            }
            for plan in plans { api.plans[plan.id] = plan }
            let client = HTTP1Client(world: world, number: number, plans: plans, listener: listener)
            client.onConnected = { [unowned self] endpoint, peer in watch(endpoint, peer) }
            clients.append(client)
        }
        inviteHTTP2()
        planMisfortunes()
    }

    private func inviteHTTP2() {
        var planned = Random(seed: scenario.seed, stream: 9)
        for number in 0..<scenario.http2Clients {
            var own = Random(seed: planned.next(), stream: 0)
            let plans = (0..<scenario.requestsPerClient * 2).map { index in
                RequestPlan(
                    id: 100_000 + number * 100 + index, scenario: scenario, http2: true, random: &own)
            }
            for plan in plans { api.plans[plan.id] = plan }
            let client = HTTP2Client(world: world, number: number, plans: plans, listener: listener)
            client.onConnected = { [unowned self] endpoint, peer in watch(endpoint, peer) }
            client.onReset = { [unowned self] plan in resetArrived(plan) }
            clients.append(client)
        }
    }

    /// When a stream's reset has reached our kernel, everything done for it must end within 100 ms.
    private func resetArrived(_ plan: RequestPlan) {
        world.after(.milliseconds(100)) { [unowned self] in
            guard !population.livingGateways.contains(where: { $0.wasFrozen(since: world.now) }) else { return }
            world.check(
                !api.sessions.contains { $0.plan === plan && $0.gatewayHolds && !$0.hasAnswered },
                "request \(plan.id): still worked on 100 ms after its stream was reset")
        }
    }

    // MARK: Orphans

    /// When the client's leaving has reached our kernel, everything done for it must end within 100 ms.
    private func watch(_ endpoint: Endpoint, _ peer: SocketAddress) {
        endpoints.append(endpoint)
        endpoint.onFinalClose = { [unowned self] endpoint in
            // Also with those that never said a word: nobody has decided that they should go.
            let excused = endpoint.closedOnPurpose || endpoint.bytesRead > 0 || !supervisor.isAlive
            world.check(
                excused || supervisor.isStopping, "connection \(endpoint.id) is lost, and nobody has read from it")
        }
        endpoint.onDeparture = { [unowned self] endpoint in
            world.after(.milliseconds(100)) { [unowned self] in
                let hangs = population.livingGateways.contains { $0.wasFrozen(since: world.now) }
                guard !hangs else { return }
                if let session = api.works(for: endpoint) {
                    world.fail("request \(session.plan?.id ?? 0): still worked on 100 ms after its client left")
                }
                for gateway in population.livingGateways {
                    let endedOnly =
                        endpoint.brokenBy == 0 || world.now.since(endpoint.brokenAt) < .milliseconds(100)
                    world.check(
                        !gateway.hasExchange(of: peer, endedOnly: endedOnly),
                        "the exchange of \(peer) goes on after its client left")
                }
            }
        }
    }

    // MARK: Phases

    private func run() {
        world.run(until: world.now + .seconds(scenario.activeSeconds))
        if scenario.troubles.isEmpty {
            world.run(until: world.now + .seconds(12))
            for client in clients {
                world.check(client.isDone && client.allCompleted, "a request fails in a world without troubles")
            }
        }
        guard world.violation == nil else { return }
        world.isSilent = true
        if endsEarly {
            world.run(until: world.now + .seconds(90))
            return checkGone()
        }
        for process in population.processes { process.kernel.callsLeft = .max }
        comeToRest()
        guard world.violation == nil else { return }
        signal()
        world.run(until: world.now + .seconds(15))
        checkGone()
        world.check(supervisor.exitCode == 0, "the supervisor exits with \(supervisor.exitCode ?? -1)")
    }

    /// Vanished clients that may stand one behind the other, in rounds of eight seconds.
    private static let mostRounds = 60

    private func comeToRest() {
        // All deadlines one after the other, and the time in which keep-alive finds out who has vanished; again for
        // those whom the backlog had to keep until others had gone.
        var before = -1
        while listener.count != before, world.violation == nil {
            before = listener.count
            world.run(until: world.now + .seconds(75))
        }
        let watching = clients.reduce(0) { $0 + $1.watches }
        let inFlight = population.livingGateways.reduce(0) { $0 + Int($1.panel.value(.exchangesInFlight)) }
        world.check(
            inFlight <= watching,
            "\(inFlight) exchanges wait without a deadline, \(watching) clients watch: "
                + population.livingGateways.map { $0.describeState() }.joined(separator: "; "))
        let connected = population.livingGateways.reduce(0) { $0 + Int($1.panel.value(.connections)) }
        world.check(
            connected <= watching, "\(connected) connections wait without a deadline, \(watching) clients watch")
        for client in clients { client.depart() }
        // Who had vanished in the backlog is only now accepted, and found out by keep-alive: one after the other where
        // there is little room.
        var rounds = 0
        var hadWaiting = true
        while hadWaiting, world.violation == nil {
            hadWaiting = listener.count + supervisor.unclaimed > 0
            world.run(until: world.now + .seconds(8))
            rounds += 1
            world.check(rounds < Self.mostRounds, "connections wait for a worker, and none takes them")
        }
        let left = population.livingGateways.reduce(0) { $0 + Int($1.panel.value(.exchangesInFlight)) }
        world.check(left == 0, "\(left) exchanges go on when all clients have left")
        world.run(until: world.now + .seconds(20))
        if scenario.has(.recycles) || scenario.has(.memoryGrows) {
            // One is replaced after the other, each with its start and its drain.
            world.run(until: world.now + .seconds(90))
            checkRecycled()
        }
        for gateway in population.livingGateways { gateway.checkRest() }
        supervisor.checkRest()
    }

    private func checkGone() {
        for process in population.processes {
            world.check(!process.isAlive, "process \(process.id) has outlived the shutdown: \(process.describeState())")
        }
        world.check(!supervisor.isAlive, "the supervisor has outlived the shutdown")
    }

    private func takeApart() -> Outcome {
        let outcome = Outcome(
            violation: world.violation, hash: world.trace.hash, events: world.trace.events, elapsed: world.elapsed,
            counts: world.counts, lines: world.trace.lines)
        for process in population.processes + [supervisor] where process.isAlive { process.die() }
        for process in population.processes { process.bury() }
        world.forgetEvents()
        for endpoint in endpoints { endpoint.onFinalClose = nil }
        for endpoint in endpoints { endpoint.separate() }
        for session in api.sessions { session.abandon() }
        return outcome
    }
}
