// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The answer to `status` on the control socket. Only what the tests look at; unknown members are passed over.
package struct GatewayStatus: Decodable, Sendable {
    package struct Handoff: Decodable, Sendable {
        package let accepted: Int
        package let handed: Int
        package let claimed: Int
        package let redelivered: Int
        package let lost: Int
        package let unclaimed: Int
    }

    package struct Keyring: Decodable, Sendable {
        package let pid: Int32
        package let state: String
        package let generation: Int
    }

    package struct Worker: Decodable, Sendable {
        package let slot: Int
        package let generation: Int
        package let pid: Int32
        package let state: String
        package let connections: Int
        package let inFlight: Int
        package let upstreamConnections: Int
        package let upstreamIdle: Int
        package let orphans: Int
        package let exchangesOpened: Int
        package let exchangesEnded: Int
        package let cancelled: Int
        package let orphanMilliseconds: OrphanTime
        /// The processor that it is bound to.
        package let processor: Int?
    }

    /// How long upstream work outlived its client, as the worker itself measured it.
    package struct OrphanTime: Decodable, Sendable {
        package let count: Int
        package let max: Double
    }

    package let version: String
    package let pid: Int32
    package let state: String
    package let handoff: Handoff
    package let keyring: Keyring
    package let workers: [Worker]
    /// Gateway workers that were replaced, by reason.
    package let recycles: [String: Int]

    package init(json: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(GatewayStatus.self, from: Data(json))
    }

    package var readyWorkers: [Worker] { workers.filter { $0.state == "ready" } }
    package var inFlight: Int { workers.reduce(0) { $0 + $1.inFlight } }
    package var connections: Int { workers.reduce(0) { $0 + $1.connections } }
    package var upstreamConnections: Int { workers.reduce(0) { $0 + $1.upstreamConnections } }
    package var upstreamIdle: Int { workers.reduce(0) { $0 + $1.upstreamIdle } }
    package var orphans: Int { workers.reduce(0) { $0 + $1.orphans } }
    package var cancelled: Int { workers.reduce(0) { $0 + $1.cancelled } }

    /// Nothing is held for anyone: no client, no exchange, no upstream connection in use.
    package var isIdle: Bool {
        connections == 0 && inFlight == 0 && upstreamConnections == upstreamIdle && handoff.unclaimed == 0
    }
}
