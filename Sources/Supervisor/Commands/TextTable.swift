// SPDX-License-Identifier: Apache-2.0

/// Rows of cells as aligned columns, two spaces apart.
enum TextTable {
    static func text(_ rows: [[String]]) -> String {
        let count = rows.map(\.count).max() ?? 0
        var widths = [Int](repeating: 0, count: count)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], width(cell)) }
        }
        var text: [UInt8] = []
        for row in rows {
            if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
            for (column, cell) in row.enumerated() {
                text.append(contentsOf: cell.utf8)
                guard column < row.count - 1 else { continue }
                text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: widths[column] - width(cell) + 2))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Characters; ASCII, as nearly all cells are, without looking for what belongs together. (CR LF would be one.)
    private static func width(_ cell: String) -> Int {
        cell.utf8.allSatisfy { $0 < 0x80 && $0 != 0x0d } ? cell.utf8.count : cell.count
    }
}
