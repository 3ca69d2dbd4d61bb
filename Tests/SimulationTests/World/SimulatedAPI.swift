// SPDX-License-Identifier: Apache-2.0

import Shared

/// The API server: it accepts connections, knows every request that was ever planned, and says so when it gets one that
/// was not.
final class SimulatedAPI {
    unowned let world: World
    private var random: Random
    private(set) var sessions: [APISession] = []
    var plans: [Int: RequestPlan] = [:]
    /// Whom tokens are from that requests come with.
    let provider: SimulatedProvider

    static let token = "gateway-credential"
    static let authority = "10.0.0.1:6443"

    init(world: World) {
        self.world = world
        provider = SimulatedProvider(world: world)
        random = Random(seed: world.scenario.seed, stream: 5)
    }

    func connect() -> SimulatedKernel.ConnectOutcome {
        if !world.isSilent {
            if world.scenario.has(.refusedConnects), random.chance(20) {
                world.fault("connect refused")
                return .refused
            }
            if world.scenario.has(.silentConnects), random.chance(15) {
                world.fault("connect unanswered")
                return .silent
            }
        }
        let (near, far) = Endpoint.pair(world: world, random: &random)
        let session = APISession(api: self, endpoint: far)
        sessions.append(session)
        return .connecting(near)
    }

    func ended(_ session: APISession) {
        sessions.removeAll { $0 === session }
    }

    /// Whether something is still being done for a client that has left.
    func works(for carrier: Endpoint) -> APISession? {
        sessions.first { $0.plan?.carrier === carrier && $0.gatewayHolds && !$0.hasAnswered }
    }
}
