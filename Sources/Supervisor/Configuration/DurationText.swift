// SPDX-License-Identifier: Apache-2.0

/// Durations as people write them: Go's `time.ParseDuration`, limited to the units `h`, `m`, `s` and `ms`.
enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Reads `1m30s`, `500ms`, `1.5h`; nil for anything else, for a negative duration, and above 10,000 hours.
    static func parse(_ text: String) -> Duration? {
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let unit = Self.units.first(where: { $0.name == name }),
                let amount = Self.thousandths(digits), amount <= 10_000_000_000
            else { return nil }
            total += amount * unit.milliseconds / 1_000
            guard total <= 36_000_000_000 else { return nil }
        }
        return .milliseconds(total)
    }

    /// `90` seconds is `1m30s`: the shortest text that `parse` reads back.
    static func format(_ duration: Duration) -> String {
        var rest = duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
        guard rest > 0 else { return "0s" }
        var text = ""
        for unit in Self.units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }

    /// `1.25` is 1,250; at most three decimals, since nothing here is finer than a millisecond of a second.
    private static func thousandths(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int64(parts[0]), whole <= 10_000_000 else { return nil }
        guard parts.count == 2 else { return whole * 1_000 }
        guard (1...3).contains(parts[1].count), let fraction = Int64(parts[1]) else { return nil }
        let scale: [Int64] = [100, 10, 1]
        return whole * 1_000 + fraction * scale[parts[1].count - 1]
    }
}
