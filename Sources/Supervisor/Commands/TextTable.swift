// SPDX-License-Identifier: Apache-2.0

/// Rows of cells as aligned columns, two spaces apart.
enum TextTable {
    static func text(_ rows: [[String]]) -> String {
        let count = rows.map(\.count).max() ?? 0
        var widths = [Int](repeating: 0, count: count)
        var cells: [Int] = []
        cells.reserveCapacity(rows.count * count)
        for row in rows {
            for (column, cell) in row.enumerated() {
                let width = width(cell)
                cells.append(width)
                widths[column] = max(widths[column], width)
            }
        }
        var text: [UInt8] = []
        text.reserveCapacity(rows.count * widths.reduce(2 * count, +))
        var place = 0
        for row in rows {
            if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
            for (column, cell) in row.enumerated() {
                text.append(contentsOf: cell.utf8)
                if column < row.count - 1 {
                    for _ in 0..<widths[column] - cells[place] + 2 { text.append(UInt8(ascii: " ")) }
                }
                place += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Characters; ASCII, as nearly all cells are, without looking for what belongs together. (CR LF would be one.)
    private static func width(_ cell: String) -> Int {
        cell.utf8.allSatisfy { $0 < 0x80 && $0 != 0x0d } ? cell.utf8.count : cell.count
    }
}
