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
    /// Children that were replaced, by `RecycleReason`, as `lychgate_worker_recycles_total` counts them; those that never
    /// happened are left out.
    var recycles: [String: UInt64]
    var supervisor: Process
    /// A reload, restart or upgrade that goes on; nil: none does.
    var change: Change?
    /// Why the last reload or restart failed, and the last upgrade; nil: it did not.
    var reloadFailure: String?
    var upgradeFailure: String?

    struct Change: Codable, Equatable {
        /// reload, restart or upgrade.
        var kind: String
        /// checking, rolling, or goingBack to what was before.
        var phase: String
        /// Gateway workers that are what they are to be and ready, of so many; nil: none was begun with.
        var ready: Int?
        var workers: Int?
    }

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
        /// What recycling judges: the larger of `rssAnonBytes` and what its control group holds.
        var memoryBytes: UInt64?
        /// Since its process was started; nil: there is none.
        var ageSeconds: Double?
        /// Deaths in a row of the slot's processes that died young.
        var youngDeaths: Int?
        /// Until the next process is started, while that waits.
        var startsInSeconds: Double?
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
