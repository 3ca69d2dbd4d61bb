// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

/// The pool's part of an `UpgradeState`. There is no roll in it: an upgrade does not begin while there is one.
struct SavedPool: Codable, Equatable {
    struct Process: Codable, Equatable {
        var pid: Int32
        var pidfd: Int32
        var channel: Int32
        var panel: Int32
        var started: Instant
        var keysSent: UInt64
        /// nil: it has not said hello.
        var protocolVersion: UInt32?
        /// Records that its channel had no room for yet.
        var waiting: [Data]
        /// The processor that it is bound to.
        var processor: Int?
        /// The name of its own control group.
        var group: String?
    }

    struct Slot: Codable, Equatable {
        var number: Int
        var role: WorkerRole
        var machine: SlotStateMachine
        var process: Process?
        /// `ToSupervisor.Fault`.
        var lastFault: UInt16?
        /// Why it was told to drain while the others go on.
        var leavesFor: RecycleReason?
    }

    struct Keyring: Codable, Equatable {
        var slot: Slot
        /// The newest keys; nil: none yet.
        var keys: Int32?
        var generation: UInt64
        /// Somebody waits for newer keys.
        var isAsked: Bool
    }

    struct Ledger: Codable, Equatable {
        var saved: HandOffStateMachine.Saved
        /// Our copies of `saved.connections`.
        var sockets: [Int32]
    }

    struct Admin: Codable, Equatable {
        var slot: Slot
        var ledger: Ledger
        var isGreeted: Bool
        /// As `refusals`, `addresses` and `acceptPauses` of the gateway; nil: the program before had none.
        var refusals: [String: UInt64]?
        var addresses: AddressLimiter.Saved?
        var acceptPauses: [String: UInt64]?
    }

    /// What its own panel counts.
    struct Board: Codable, Equatable {
        var startedAt: Int64
        var spawns: UInt64
        var recycles: [UInt64]
        var retired: PanelTotals
        /// Reloads, restarts and upgrades that ended.
        var reloads: [UInt64]?
        /// Log lines that were lost.
        var logLinesLost: UInt64?
    }

    /// Workers that there should be, and connections that each is given at most.
    var workers: Int
    var credits: Int
    var gateways: [Slot]
    /// The first one is in force.
    var keyrings: [Keyring]
    var admin: Admin?
    var ledger: Ledger
    var replacement: ReplacementStateMachine
    var replaceNotBefore: Instant
    /// By `AddressLimiter.Refusal`.
    var refusals: [String: UInt64]
    /// Whose connections there are; nil: the program before did not say.
    var addresses: AddressLimiter.Saved?
    /// By `RecycleReason`.
    var recycles: [String: UInt64]
    var everReady: [WorkerRole]
    var board: Board

    private var slots: [Slot] { gateways + keyrings.map(\.slot) + (admin.map { [$0.slot] } ?? []) }

    var descriptors: [Int32] {
        slots.compactMap(\.process).flatMap { [$0.pidfd, $0.channel, $0.panel] } + keyrings.compactMap(\.keys)
            + ledger.sockets + (admin?.ledger.sockets ?? [])
    }

    var protocolVersions: [UInt32] { slots.compactMap { $0.process?.protocolVersion } }
}
