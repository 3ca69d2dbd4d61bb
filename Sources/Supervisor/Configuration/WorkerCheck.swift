// SPDX-License-Identifier: Apache-2.0

import Shared

/// Lets `lychgate-worker check` look at what needs libssl, which the supervisor does not have: whether certificates
/// parse, match their keys, and are in date.
struct WorkerCheck {
    /// How long the check may take.
    static let patience = Duration.seconds(10)

    private static let name = "lychgate-worker"
    /// SIGKILL.
    private static let kill: Int32 = 9

    /// - Throws: `ConfigurationError` with what the worker found, each at the place where the setting was made;
    ///   `CommandFailure` when there is no worker to ask or it does not answer.
    func check(_ loaded: LoadedConfiguration, patience: Duration = Self.patience) throws {
        let started = try self.start(loaded, patience: patience)
        let exit = started.child.wait(until: Instant.now + patience)
        if exit == nil {
            started.child.signal(Self.kill)
            _ = started.child.wait(until: Instant.now + ShutdownStateMachine.reapAllowance)
        }
        let findings = Self.findings(in: try started.report(exit), of: loaded)
        for warning in findings.warnings {
            StandardError.write("\(warning)")
        }
        if let error = findings.error {
            throw error
        }
    }

    /// A check that is under way.
    struct Started: ~Copyable {
        let program: String
        let child: ChildProcess
        let output: FileDescriptor
        /// How long it is waited for.
        let patience: Duration

        /// What the worker found. `exit`: nil: it did not end in time.
        borrowing func report(_ exit: ChildProcess.Exit?) throws(CommandFailure) -> [UInt8] {
            guard let exit, exit.signal != WorkerCheck.kill else {
                throw CommandFailure(
                    "\(self.program) did not check the configuration within"
                        + " \(DurationText.format(self.patience))")
            }
            let report: [UInt8]
            do {
                report = try MemoryFile.sealAndRead(self.output)
            } catch {
                throw CommandFailure("the report of \(self.program) cannot be read: \(error)")
            }
            guard exit.code == ExitCode.success || exit.code == ExitCode.configuration && !report.isEmpty else {
                throw CommandFailure("\(self.program) could not check the configuration (\(exit))")
            }
            return report
        }
    }

    /// Starts the check; whoever does so waits for the child's end, and kills it after `patience`.
    func start(
        _ loaded: LoadedConfiguration, patience: Duration = Self.patience
    ) throws(CommandFailure) -> Started {
        guard let program = Companion.path(of: Self.name, configured: loaded.configuration.workers.executable) else {
            throw CommandFailure(
                "\(Self.name) is neither beside lychgate nor in \(Companion.libraryFolder); write `workers.executable`")
        }
        do {
            let configuration = try MemoryFile.sealed(name: "lychgate-configuration", bytes: loaded.json)
            let output = try MemoryFile.empty(name: "lychgate-check")
            // Descriptor 3 would be the control channel, which this role has no use for; 4 takes the report.
            let child = try ChildProcess.spawn(
                path: program, arguments: ["check"], descriptors: [-1, output.raw, configuration.raw])
            return Started(program: program, child: child, output: output, patience: patience)
        } catch {
            throw CommandFailure("\(program) cannot be run: \(error)")
        }
    }

    /// Reads lines of `SEVERITY<TAB>KEY.PATH<TAB>message`, and finds the place of each.
    static func findings(
        in report: [UInt8], of loaded: LoadedConfiguration
    ) -> (error: ConfigurationError?, warnings: [ConfigurationProblem]) {
        let places = LoadReport(source: loaded.sourceFile.map { .file($0) } ?? .flags, places: loaded.places)
        var warnings: [ConfigurationProblem] = []
        for line in String(decoding: report, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 2).map(String.init)
            guard parts.count == 3 else { continue }
            if parts[0] == "error" {
                places.blame(parts[1], parts[2])
            } else {
                warnings.append(
                    ConfigurationProblem(place: places.place(of: parts[1]), message: "warning: \(parts[2])"))
            }
        }
        return (places.error, warnings)
    }
}
