// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Shared

/// The settings that a program works with after it has taken over: the old ones until all is replaced, then the new.
struct UpgradeSettings {
    /// In force, as far as this program can read it.
    let before: LoadedConfiguration
    /// Of the same file or flags, read anew.
    let next: LoadedConfiguration

    init(of state: UpgradeState) throws(UpgradeFailure) {
        do {
            guard let command = try Lychgate.parseAsRoot(state.arguments) as? ServeCommand else {
                throw UpgradeFailure.configuration("version \(Version.current) does not know these arguments")
            }
            next = try command.options.load()
        } catch let failure as UpgradeFailure {
            throw failure
        } catch let problem as ConfigurationError {
            throw .configuration("\(problem)")
        } catch {
            throw .configuration("version \(Version.current) does not take these arguments: \(error)")
        }
        let json = Array(state.configuration.utf8)
        let decoded = try? JSONDecoder().decode(GatewayConfiguration.self, from: Data(json))
        before = LoadedConfiguration(
            configuration: decoded ?? next.configuration, sourceFile: next.sourceFile, json: json,
            places: next.places)
        if let refusal = ReloadPolicy.refusal(from: before.configuration, to: next.configuration) {
            throw .configuration(refusal)
        }
    }

    /// What `reload` starts from: flags cannot be read anew later.
    var inForce: LoadedConfiguration {
        var loaded = before
        if next.sourceFile == nil { loaded = next }
        return loaded
    }

    /// How long the worker may take to check the configuration.
    static let checkPatience = Duration.seconds(4)
    /// All that `checkWorker` waits for: it must be able to say what hung before whoever asked has lost patience.
    static let longestCheck = WorkerVersion.patience + checkPatience + ShutdownStateMachine.reapAllowance

    /// Whether the workers to come are of this build and take this configuration.
    func checkWorker() throws {
        let program = try Supervisor.workerExecutable(next.configuration.workers.executable)
        let version = try WorkerVersion.ask(program)
        guard version == WorkerVersion.own else {
            throw UpgradeFailure.worker(
                "\(program) is of version \(version), lychgate of \(WorkerVersion.own); they must be of one build")
        }
        try WorkerCheck().check(next, patience: Self.checkPatience)
    }
}
