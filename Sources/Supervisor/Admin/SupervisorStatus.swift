// SPDX-License-Identifier: Apache-2.0

/// The answer to `status` on the control socket. Its members are an interface: they are added to, never renamed, and
/// what is added is optional, because the command and the gateway that it asks may be of different builds.
struct SupervisorStatus: Codable, Equatable {
    var version: String
    var pid: Int32
    /// running, draining or stopping.
    var state: String
    var uptimeSeconds: Double
    var listeners: [Listener]
    var handoff: HandOff
    var keyring: Keyring
    /// nil: none is configured.
    var admin: Admin?
    var workers: [Worker]
    /// Gateway workers that were replaced, by `RecycleReason`; those that never happened are left out.
    var recycles: [String: UInt64]
    var supervisor: Process

    struct Listener: Codable, Equatable {
        var name: String
        /// Where it really listens, also when port 0 was asked for.
        var address: String
    }

    struct HandOff: Codable, Equatable {
        var accepted: UInt64
        var handed: UInt64
        var claimed: UInt64
        var redelivered: UInt64
        var lost: UInt64
        var unclaimed: Int
    }

    struct Keyring: Codable, Equatable {
        /// 0: no process now.
        var pid: Int32
        var state: String
        /// Of the newest set of keys; 0: none yet.
        var generation: UInt64
    }

    struct Admin: Codable, Equatable {
        /// 0: no process now.
        var pid: Int32
        var state: String
        /// Where it is really reached, also when port 0 was asked for.
        var address: String
        var connections: UInt64
    }

    struct Worker: Codable, Equatable {
        var slot: Int
        var generation: UInt32
        /// 0: no process now.
        var pid: Int32
        var state: String
        var connections: UInt64
        var inFlight: UInt64
        var upstreamConnections: UInt64
        var upstreamIdle: UInt64
        var orphans: UInt64
        var exchangesOpened: UInt64
        var exchangesEnded: UInt64
        var cancelled: UInt64
        var orphanMilliseconds: OrphanTime
        var rssAnonBytes: UInt64
        var descriptors: Int
        /// The processor that it is bound to (`workers.cpuAffinity`); nil: to none.
        var processor: Int?
    }

    /// How long upstream work outlived its client.
    struct OrphanTime: Codable, Equatable {
        var count: UInt64
        var max: Double
    }

    struct Process: Codable, Equatable {
        var descriptors: Int
        var rssAnonBytes: UInt64
    }
}
