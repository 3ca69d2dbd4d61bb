// SPDX-License-Identifier: Apache-2.0

/// What is written to standard error (the journal, under systemd).
package struct LoggingConfiguration: Codable, Equatable, Sendable {
    package var level: Level
    /// One line per request.
    package var requests: Bool

    package enum Level: String, Codable, Equatable, Sendable, CaseIterable {
        case debug
        case info
        case warning
        case error
    }

    package init(level: Level = .info, requests: Bool = true) {
        self.level = level
        self.requests = requests
    }
}
