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
    func check(_ loaded: LoadedConfiguration) throws {
        guard let program = Companion.path(of: Self.name, configured: loaded.configuration.workers.executable) else {
            throw CommandFailure(
                "\(Self.name) is neither beside lychgate nor in \(Companion.libraryFolder); write `workers.executable`")
        }
        let findings = Self.findings(in: try self.report(of: program, about: loaded.json), of: loaded)
        for warning in findings.warnings {
            StandardError.write("\(warning)")
        }
        if let error = findings.error {
            throw error
        }
    }

    private func report(of program: String, about json: [UInt8]) throws(CommandFailure) -> [UInt8] {
        let exit: ChildProcess.Exit?
        let report: [UInt8]
        do {
            let configuration = try MemoryFile.sealed(name: "lychgate-configuration", bytes: json)
            let output = try MemoryFile.empty(name: "lychgate-check")
            // Descriptor 3 would be the control channel, which this role has no use for; 4 takes the report.
            let child = try ChildProcess.spawn(
                path: program, arguments: ["check"], descriptors: [-1, output.raw, configuration.raw])
            exit = child.wait(until: Instant.now + Self.patience)
            if exit == nil {
                child.signal(Self.kill)
                _ = child.wait(until: Instant.now + Self.patience)
            }
            report = try MemoryFile.sealAndRead(output)
        } catch {
            throw CommandFailure("\(program) cannot be run: \(error)")
        }
        guard let exit else {
            throw CommandFailure(
                "\(program) did not check the configuration within \(DurationText.format(Self.patience))")
        }
        guard exit.code == ExitCode.success || exit.code == ExitCode.configuration && !report.isEmpty else {
            throw CommandFailure("\(program) could not check the configuration (\(exit))")
        }
        return report
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
