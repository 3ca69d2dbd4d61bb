// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Measured figures, printed as aligned columns when a test ends, so that a run leaves its numbers in the log.
package struct FiguresTable: Sendable {
    private var rows: [[String]]
    private let title: String

    package init(_ title: String, columns: [String]) {
        self.title = title
        rows = [columns]
    }

    package mutating func add(_ cells: String...) {
        rows.append(cells)
    }

    package mutating func add(_ cells: [String]) {
        rows.append(cells)
    }

    package func print() {
        let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        let lines = rows.map { row in
            zip(row, widths).map { $0.padding(toLength: max($1, $0.count), withPad: " ", startingAt: 0) }
                .joined(separator: "  ")
        }
        // One write, so that other tests' lines do not come between.
        FileHandle.standardOutput.write(
            Data(("\nfigures: " + title + "\n" + lines.map { "  " + $0 + "\n" }.joined()).utf8))
    }
}

extension Double {
    /// With so many decimals.
    package func rounded(to places: Int) -> String {
        String(format: "%.\(places)f", self)
    }
}

extension Int {
    /// As MiB, with two decimals.
    package var mebibytes: String {
        (Double(self) / 1_048_576).rounded(to: 2)
    }
}
