// SPDX-License-Identifier: Apache-2.0

/// The supervisor's answer to `status`, as far as the table shows it; other members are left alone.
struct StatusAnswer: Decodable, Equatable {
    var version: String
    var pid: Int32
    var state: String
    var uptimeSeconds: Double
    var listeners: [Listener]
    var handoff: Handoff
    var keyring: Keyring
    var admin: Admin?
    var workers: [Worker]

    struct Listener: Decodable, Equatable {
        var name: String
        var address: String
    }

    struct Handoff: Decodable, Equatable {
        var accepted: UInt64
        var handed: UInt64
        var claimed: UInt64
        var redelivered: UInt64
        var lost: UInt64
        var unclaimed: UInt64
    }

    struct Keyring: Decodable, Equatable {
        var pid: Int32
        var state: String
        var generation: UInt64
    }

    struct Admin: Decodable, Equatable {
        var pid: Int32
        var state: String
        var address: String
        var connections: UInt64
    }

    struct Worker: Decodable, Equatable {
        var slot: Int
        var generation: UInt64
        var pid: Int32
        var state: String
        var connections: UInt64
        var inFlight: UInt64
        var upstreamConnections: UInt64
        var upstreamIdle: UInt64
        var orphans: UInt64
        var exchangesEnded: UInt64
        var cancelled: UInt64
        var rssAnonBytes: UInt64
        var descriptors: UInt64
    }
}
