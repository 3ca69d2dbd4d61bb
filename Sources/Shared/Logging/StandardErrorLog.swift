// SPDX-License-Identifier: Apache-2.0

package import Logging

/// Where swift-log's records go in every process of ours: one line each on standard error, `LEVEL message key=value …`,
/// with the journal's priority prefix (`<6>`, sd-daemon(3)) when the journal reads it.
///
/// Messages are constant; values stand in the metadata. Nothing here ever sees a token, a key or an Authorization value.
package struct StandardErrorLog: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let journal: Bool

    package init(level: Logger.Level, journal: Bool) {
        logLevel = level
        self.journal = journal
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = journal ? Self.prefix(event.level) : "\(event.level) "
        line += event.message.description
        var merged = metadata
        if let more = event.metadata { merged.merge(more) { _, new in new } }
        for (key, value) in merged.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(Self.quoted(value.description))"
        }
        line += "\n"
        var bytes = Array(line.utf8)
        let most = StandardStream.piece
        if bytes.count > most { bytes.replaceSubrange((most - 5)..., with: Array(" ...\n".utf8)) }
        Self.write(bytes)
    }

    /// Writes finished lines. What standard error does not take is lost: a log is never worth a wait.
    package static func write(_ lines: [UInt8]) {
        StandardStream.writeError(lines)
    }

    private static func prefix(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "<7>"
        case .info: "<6>"
        case .notice: "<5>"
        case .warning: "<4>"
        case .error: "<3>"
        case .critical: "<2>"
        }
    }

    /// Quotes what would be read as two fields, and escapes what would break the line or the terminal.
    package static func quoted(_ value: String) -> String {
        if !value.isEmpty, value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c && $0 != 0x3d }) {
            return value
        }
        var out = "\""
        for scalar in value.unicodeScalars {
            switch scalar.value {
            case 0x22: out += "\\\""
            case 0x5c: out += "\\\\"
            case 0..<0x20, 0x7f..<0xa0: out += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

extension Logger {
    /// The logger of one process or part of it.
    package static func standardError(
        _ label: String, level: LoggingConfiguration.Level, journal: Bool
    ) -> Logger {
        Logger(label: label) { _ in StandardErrorLog(level: level.loggerLevel, journal: journal) }
    }
}

extension LoggingConfiguration.Level {
    package var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
