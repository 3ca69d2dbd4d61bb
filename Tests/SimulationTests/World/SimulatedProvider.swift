// SPDX-License-Identifier: Apache-2.0

import Shared

@testable import Worker

/// The identity provider: its discovery document and its keys, of which one may come late and one be withdrawn, and the
/// times in which it does not answer, or not what it should.
final class SimulatedProvider {
    private unowned let world: World
    private var random: Random
    private var outages: [ClosedRange<Instant>] = []
    private let lateFrom: Instant
    /// From then on the key of most tokens is not among those published.
    let withdrawnAt: Instant

    /// Keys are fetched anew at least this often, and the answer says nothing else.
    static let refreshInterval = Duration.seconds(6)
    private static let keysAddress = "https://issuer.example/keys"

    init(world: World) {
        self.world = world
        let scenario = world.scenario
        random = Random(seed: scenario.seed, stream: 10)
        let active = scenario.activeSeconds * 1_000
        lateFrom = world.now + (scenario.has(.lateKeys) ? random.milliseconds(0...8_000) : .zero)
        withdrawnAt = scenario.has(.keysRotate) ? world.now + random.milliseconds(0...active / 2) : .never
        guard scenario.has(.providerDown) else { return }
        for _ in 0..<random.within(1...2) {
            let start = random.chance(30) ? world.now : world.now + random.milliseconds(0...active)
            outages.append(start...start + random.milliseconds(500...20_000))
        }
    }

    /// What a fetch brings, and when.
    func answer(_ url: String) -> (result: Result<[UInt8], FetchFailure>, after: Duration) {
        let delay = random.milliseconds(world.scenario.has(.lateKeys) ? 5...1_500 : 5...50)
        guard !world.isSilent, outages.contains(where: { $0.contains(world.now) }) else {
            return (.success(Array(document(url).utf8)), delay)
        }
        world.fault("provider down")
        switch random.below(6) {
        case 0: return (.failure(.timedOut), KeyringStateMachine.longestFetch)
        case 1: return (.failure(.transfer("reset")), delay)
        case 2: return (.failure(.status(503)), delay)
        case 3: return (.success(Array("<html>".utf8)), delay)
        case 4: return (.success(Array(#"{"issuer":"https://issuer.example.org","keys":[]}"#.utf8)), delay)
        default: return (.success(Array(#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#.utf8)), delay)
        }
    }

    private func document(_ url: String) -> String {
        guard url == Self.keysAddress else {
            return #"{"issuer":"https://issuer.example","jwks_uri":"\#(Self.keysAddress)"}"#
        }
        return Tokens.published(early: world.now < withdrawnAt, late: world.now >= lateFrom)
    }

    /// Whether a request that began then must not be believed any more, because its token's key was withdrawn so long
    /// before that every worker has heard of it. Where that cannot be said: false.
    func mustRefuse(from begun: Instant) -> Bool {
        let excuses: [Trouble] = [
            .providerDown, .lateKeys, .keyringDies, .workersHang, .lostDescriptors, .fullChannels, .childrenDoNotStart,
            .reloads, .descriptorLimit,
        ]
        guard withdrawnAt != .never, !excuses.contains(where: world.scenario.has) else { return false }
        return begun > withdrawnAt + Self.refreshInterval + .seconds(1)
    }
}
