// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The terminal that standard output may be.
package struct Terminal: Equatable, Sendable {
    package let rows: Int
    package let columns: Int

    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
    }

    /// As it is now; nil: standard output is none. A terminal that does not know its size has the usual one.
    package static func output() -> Terminal? {
        var rows: Int32 = 0
        var columns: Int32 = 0
        guard unsafe lg_terminal_size(1, &rows, &columns) == 0 else { return nil }
        return Terminal(rows: rows > 0 ? Int(rows) : 24, columns: columns > 0 ? Int(columns) : 80)
    }
}
