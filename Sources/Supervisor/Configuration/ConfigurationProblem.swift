// SPDX-License-Identifier: Apache-2.0

/// One thing that is wrong with what the gateway was told, where it was told so, and what to write instead.
struct ConfigurationProblem: Equatable, Sendable, CustomStringConvertible {
    /// Where a setting was made. Lines and columns start at 1.
    enum Place: Equatable, Sendable {
        case file(String, line: Int, column: Int, key: String)
        case flag(String)
    }

    var place: Place
    var message: String

    /// `FILE:LINE:COLUMN: KEY.PATH: message`, or `--flag: message`.
    var description: String {
        switch self.place {
        case .file(let name, let line, let column, let key):
            "\(name):\(line):\(column): \(key.isEmpty ? "" : "\(key): ")\(self.message)"
        case .flag(let name):
            "\(name): \(self.message)"
        }
    }
}
