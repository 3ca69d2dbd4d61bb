// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Shared

/// What every child finds at its start: its control channel, its scoreboard and its configuration, on the descriptors
/// that the supervisor gave it.
struct ChildEnvironment: ~Copyable {
    let channel: FileDescriptor
    let scoreboard: FileDescriptor
    let configuration: GatewayConfiguration

    enum Problem: Error, CustomStringConvertible {
        case notStartedBySupervisor
        case configurationUnreadable(String)

        var description: String {
            switch self {
            case .notStartedBySupervisor:
                "lychgate-worker is started by lychgate, which gives it its descriptors; run 'lychgate serve'"
            case .configurationUnreadable(let text): "the configuration handed over cannot be read: \(text)"
            }
        }
    }

    init() throws(Problem) {
        for descriptor in ControlProtocol.channelDescriptor...ControlProtocol.configurationDescriptor
        where fcntl(descriptor, F_GETFD) < 0 {
            throw .notStartedBySupervisor
        }
        configuration = try Self.readConfiguration()
        channel = FileDescriptor(owning: ControlProtocol.channelDescriptor)
        scoreboard = FileDescriptor(owning: ControlProtocol.scoreboardDescriptor)
    }

    private static func readConfiguration() throws(Problem) -> GatewayConfiguration {
        let file = FileDescriptor(owning: ControlProtocol.configurationDescriptor)
        do {
            return try ConfigurationDocument.decode(try MemoryFile.read(file))
        } catch {
            throw .configurationUnreadable("\(error)")
        }
    }

    /// Gives the control channel away; scoreboard and configuration close with the rest.
    consuming func takeChannel() -> FileDescriptor { channel }

    /// What the supervisor calls this worker, SLOT.GENERATION, as `lychgate ps` does; empty: it did not say.
    static var worker: String { ProcessEnvironment.value(ControlProtocol.workerVariable) ?? "" }

    /// Whether standard error is the journal.
    static var logsToJournal: Bool { ProcessEnvironment.value("LYCHGATE_JOURNAL") != nil }
}
