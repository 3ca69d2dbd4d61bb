// SPDX-License-Identifier: Apache-2.0

/// A place in an expression's text. Lines count from 1, columns from 1 in code points, as cel-go prints them.
package struct SourcePosition: Hashable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

extension SourcePosition: CustomStringConvertible {
    package var description: String { "\(line):\(column)" }
}
