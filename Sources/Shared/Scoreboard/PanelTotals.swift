// SPDX-License-Identifier: Apache-2.0

/// The sums of several panels' counters, so that what the dead have counted is not lost. Gauges of the dead are zero.
package struct PanelTotals: Equatable, Sendable, Codable {
    private var figures = [UInt64](repeating: 0, count: Figure.allCases.count)
    private var tables = PanelTable.allCases.map { [UInt64](repeating: 0, count: $0.count) }
    package private(set) var orphanTimes = Histogram()
    package private(set) var durations = Histogram()

    package init() {}

    /// From another build's: places that it did not have yet are 0, and those that are none any more are left out.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        Self.fill(&figures, from: try container.decode([UInt64].self, forKey: .figures))
        for (place, counts) in try container.decode([[UInt64]].self, forKey: .tables).enumerated()
        where place < tables.count {
            Self.fill(&tables[place], from: counts)
        }
        orphanTimes = try container.decode(Histogram.self, forKey: .orphanTimes)
        durations = try container.decode(Histogram.self, forKey: .durations)
    }

    private static func fill(_ places: inout [UInt64], from counts: [UInt64]) {
        for (index, count) in counts.prefix(places.count).enumerated() { places[index] = count }
    }

    package func value(_ figure: Figure) -> UInt64 { figures[figure.rawValue] }

    package func table(_ table: PanelTable) -> [UInt64] { tables[Self.place(table)] }

    /// Adds a panel's counters; of one that still lives, `gauges` as well.
    package mutating func add(_ panel: PanelReader, gauges: Bool = false) {
        for figure in Figure.allCases where gauges || figure.isCounter {
            figures[figure.rawValue] &+= panel.value(figure)
        }
        for table in PanelTable.allCases where table.isCounter {
            let place = Self.place(table)
            for (index, value) in panel.table(table).enumerated() { tables[place][index] &+= value }
        }
        orphanTimes.merge(panel.orphanTimes())
        durations.merge(panel.durations())
    }

    private static func place(_ table: PanelTable) -> Int {
        PanelTable.allCases.firstIndex(of: table) ?? 0
    }
}
