// SPDX-License-Identifier: Apache-2.0

import Shared

extension GatewayConfiguration {
    /// A world's: short deadlines, and as tight as its troubles want.
    init(_ scenario: Scenario, _ random: inout Random) {
        var upstream = UpstreamConfiguration(server: "http://\(SimulatedAPI.authority)")
        upstream.tokenData = SecretText(SimulatedAPI.token)
        upstream.pool = .init(
            maxConnections: scenario.has(.tightPool) ? random.within(1...3) : 64,
            maxIdle: scenario.has(.tightPool) ? random.within(0...1) : 8, idleTimeout: .seconds(7))
        var recycling = RecyclingConfiguration(memorySoft: Self.softMemory, memoryHard: Self.hardMemory)
        if scenario.has(.recycles) {
            recycling.maxRequests = random.pick([0, 1, 3, 8])
            recycling.maxAge = random.pick([.zero, .seconds(12), .seconds(30)])
            recycling.inFlightLimit = random.chance(40) ? random.within(1...2) : nil
        }
        self.init(
            listeners: [ListenerConfiguration(address: "127.0.0.1:8443", tls: nil)], upstream: upstream,
            authentication: AuthenticationConfiguration(
                oidc: .init(
                    issuerURL: "https://issuer.example", clientID: "client", usernamePrefix: "-",
                    groupsClaim: "groups", signingAlgorithms: ["ES256"]),
                keys: .init(
                    refreshInterval: SimulatedProvider.refreshInterval, minimumRefreshInterval: .seconds(2),
                    keepFor: scenario.has(.providerDown) && random.chance(50) ? .seconds(8) : .zero),
                cache: .init(
                    maxEntries: 64, acceptedFor: .seconds(scenario.has(.keysRotate) ? 60 : 5),
                    refusedFor: .seconds(2))),
            workers: WorkersConfiguration(
                count: scenario.workers, maxConnections: scenario.has(.fewCredits) ? random.within(1...2) : 16,
                maxInFlight: scenario.has(.fewRows) ? random.within(1...2) : 32),
            recycling: recycling,
            deadlines: DeadlinesConfiguration(
                tlsHandshake: .seconds(3), requestHead: .seconds(4), keepAliveIdle: .seconds(8),
                identity: .seconds(2), upstreamConnect: .seconds(2), firstResponseByte: .seconds(6),
                request: .seconds(12), bodyProgress: .seconds(5),
                tunnelIdle: .seconds(9), drainDelay: random.chance(20) ? random.milliseconds(1...2_500) : .zero,
                drain: .seconds(6), hardStop: .seconds(9), workerStart: .seconds(5)),
            limits: LimitsConfiguration(
                requestLine: 2_048, head: 16_384, fields: 64,
                bufferMemory: scenario.has(.tightMemory) ? random.pick([20_000, 60_000, 150_000]) : 8 << 20),
            logging: LoggingConfiguration(requests: false))
    }

    /// Bytes of a worker's memory above which it is replaced, or killed.
    static let softMemory = 100 << 20
    static let hardMemory = 200 << 20
}
