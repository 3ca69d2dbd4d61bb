// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

/// Everything that a supervisor knows, for the program that it becomes in an upgrade: one JSON document in a sealed
/// memory file. Descriptors are given by their numbers, which stay what they are.
///
/// A program reads the formats that it knows and no other. A member that is added must be optional, or the format's
/// number goes up: then an upgrade from the build before is refused, and the service must be restarted once.
struct UpgradeState: Codable, Equatable {
    static let format = 1

    /// What every format has, now and later.
    struct Header: Codable, Equatable {
        var format: Int
        /// The version of the program that wrote it.
        var version: String
    }

    struct Listener: Codable, Equatable {
        /// Its place in the configuration.
        var listener: UInt16
        var name: String
        var descriptor: Int32
    }

    struct Program: Codable, Equatable {
        var path: String
        var descriptor: Int32
    }

    struct Control: Codable, Equatable {
        var descriptor: Int32
        var clients: [Client]
    }

    /// Somebody at the control socket.
    struct Client: Codable, Equatable {
        var descriptor: Int32
        var received: Data
        /// What of its answer has not left yet.
        var answer: Data
        var peerEnded: Bool
        /// It waits for the outcome of this upgrade.
        var isWaiting: Bool
    }

    var header: Header
    /// Where the supervisor was started from, and with which arguments.
    var path: String
    var arguments: [String]
    /// The configuration in force, as children read it.
    var configuration: String
    var sourceFile: String?
    var worker: Program
    var listeners: [Listener]
    var control: Control?
    var started: Instant
    /// Readiness was announced.
    var announced: Bool
    /// How often nothing could be accepted for want of descriptors.
    var descriptorPauses: UInt64
    /// How often accepting paused, by `AcceptPauses.Reason`; nil: the program before did not count.
    var acceptPauses: [String: UInt64]?
    var pool: SavedPool

    /// The numbers of all descriptors that it names.
    var descriptors: [Int32] {
        [worker.descriptor] + listeners.map(\.descriptor)
            + (control.map { [$0.descriptor] + $0.clients.map(\.descriptor) } ?? []) + pool.descriptors
    }

    var encoded: [UInt8] {
        guard let data = try? JSONEncoder().encode(self) else {
            preconditionFailure("there is nothing in it that JSON cannot say")
        }
        return Array(data)
    }

    init(
        version: String, path: String, arguments: [String], configuration: String, sourceFile: String?,
        worker: Program, listeners: [Listener], control: Control?, started: Instant, announced: Bool,
        descriptorPauses: UInt64, acceptPauses: [String: UInt64]? = nil, pool: SavedPool
    ) {
        header = Header(format: Self.format, version: version)
        self.path = path
        self.arguments = arguments
        self.configuration = configuration
        self.sourceFile = sourceFile
        self.worker = worker
        self.listeners = listeners
        self.control = control
        self.started = started
        self.announced = announced
        self.descriptorPauses = descriptorPauses
        self.acceptPauses = acceptPauses
        self.pool = pool
    }

    init(_ bytes: [UInt8]) throws(UpgradeFailure) {
        struct Outline: Decodable {
            var header: Header
        }
        guard let outline = try? JSONDecoder().decode(Outline.self, from: Data(bytes)) else {
            throw .noState
        }
        guard outline.header.format == Self.format else {
            throw .format(outline.header.format, version: outline.header.version)
        }
        do {
            self = try JSONDecoder().decode(UpgradeState.self, from: Data(bytes))
        } catch {
            throw .unreadable(version: outline.header.version)
        }
        let foreign = pool.protocolVersions.filter { !ControlProtocol.understood.contains($0) }
        if let first = foreign.first { throw .protocolVersion(first, version: outline.header.version) }
    }
}
