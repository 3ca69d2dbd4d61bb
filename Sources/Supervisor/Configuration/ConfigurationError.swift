// SPDX-License-Identifier: Apache-2.0

/// The configuration cannot be used. Holds every problem that was found, never none; the process exits with
/// `ExitCode.configuration`.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    let problems: [ConfigurationProblem]

    /// One problem a line.
    var description: String {
        self.problems.map(\.description).joined(separator: "\n")
    }
}
