// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Shared

/// The first steps of a program that takes over from the one before it in the same process. Until `settle` all that was
/// passed is as it was, so that a failure leads back: the program before is run again, by the descriptor that was kept
/// of it, with the same state.
final class Landing {
    let state: UpgradeState
    let settings: UpgradeSettings
    let handOver: UpgradeHandOver
    let passed = PassedDescriptors()

    private init(_ handOver: UpgradeHandOver) throws {
        self.handOver = handOver
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try MemoryFile.read(try FileDescriptor.duplicate(handOver.state))
        } catch {
            throw UpgradeFailure.noState
        }
        state = try UpgradeState(bytes)
        settings =
            handOver.failure == nil ? try UpgradeSettings(of: state) : try UpgradeSettings(asBefore: state)
    }

    /// The process's whole life from here on; gives the exit code.
    static func run(_ handOver: UpgradeHandOver) -> Int32 {
        ProcessImage.setName("lychgate")
        // Each descriptor is needed twice for a moment.
        DescriptorLimit.raise()
        let journal = ProcessEnvironment.logsToJournal
        var log = Logger.standardError("lychgate", level: .info, journal: journal)
        do {
            let landing = try Landing(handOver)
            let settings = landing.settings.inForce
            log = Logger.standardError("lychgate", level: settings.configuration.logging.level, journal: journal)
            let supervisor = try Supervisor(settings, log: log, journal: journal, landing: landing)
            try supervisor.prepare(landing)
            landing.settle()
            return supervisor.goOn(after: landing)
        } catch {
            return goBack(handOver, why: "\(error)", log: log)
        }
    }

    /// Returns only when there is no way back.
    private static func goBack(_ handOver: UpgradeHandOver, why: String, log: Logger) -> Int32 {
        if handOver.failure != nil {
            // The workers see the end of their channels, and drain by themselves.
            log.critical("cannot go on after a failed upgrade", metadata: ["error": "\(why)"])
            return Shared.ExitCode.failure
        }
        log.error("cannot take over; the program before goes on", metadata: ["reason": "\(why)"])
        var back = handOver
        back.failure = why
        // What else was passed is still open, and stays so.
        let error = back.leave(to: handOver.before, named: CommandLine.arguments, keeping: [])
        log.critical("cannot go back to the program before", metadata: ["error": "\(error)"])
        return Shared.ExitCode.failure
    }

    /// There is no way back any more.
    private func settle() {
        passed.closeOriginals(state.descriptors + [handOver.state, handOver.before, handOver.program])
    }

    // MARK: What the supervisor takes over

    var sockets: ListenerSockets {
        get throws(StartFailure) {
            do throws(Errno) {
                return try ListenerSockets(state.listeners, from: passed)
            } catch {
                throw .system("cannot take over the listeners", error)
            }
        }
    }

    /// Starts workers as the program before did, as long as they are wanted.
    func workerLauncher(journal: Bool, groups: WorkerGroups?) throws(StartFailure) -> WorkerLauncher {
        do throws(Errno) {
            return try WorkerLauncher(
                program: ProgramFile(state.worker.path, opened: try passed.take(state.worker.descriptor)),
                panelRows: settings.before.configuration.workers.maxInFlight, json: settings.before.json,
                journal: journal, groups: groups, groupLimit: settings.before.configuration.recycling.groupLimit,
                speaks: ControlProtocol.understood)
        } catch {
            throw .system("cannot take over the worker program", error)
        }
    }

    /// nil: there is none.
    func controlSocket(path: String, for supervisor: Supervisor) throws(StartFailure) -> ControlSocket? {
        guard let saved = state.control else { return nil }
        do throws(Errno) {
            return try ControlSocket(
                path: path, adopting: saved, from: passed, allowance: supervisor.reloader.allowance,
                reactor: supervisor.reactor, responder: supervisor, log: supervisor.log)
        } catch {
            throw .system("cannot take over the control socket", error)
        }
    }
}

extension UpgradeSettings {
    /// Of the program that wrote them itself.
    init(asBefore state: UpgradeState) throws(UpgradeFailure) {
        let json = Array(state.configuration.utf8)
        guard let configuration = try? JSONDecoder().decode(GatewayConfiguration.self, from: Data(json)) else {
            throw .unreadable(version: state.header.version)
        }
        before = LoadedConfiguration(configuration: configuration, sourceFile: state.sourceFile, json: json)
        next = before
    }
}
