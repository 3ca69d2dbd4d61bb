// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The environment that this process was started with.
package enum ProcessEnvironment {
    package static func value(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// For the program that this process becomes next.
    package static func set(_ name: String, _ value: String) { _ = unsafe setenv(name, value, 1) }

    package static func remove(_ name: String) { _ = unsafe unsetenv(name) }

    /// Whether standard error is the journal's: JOURNAL_STREAM names that very file (systemd.exec(5)).
    package static var logsToJournal: Bool {
        guard let stream = value("JOURNAL_STREAM") else { return false }
        var status = stat()
        guard unsafe fstat(2, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }
}
