// SPDX-License-Identifier: Apache-2.0

/// Sizes in bytes as people write them: `8KiB`, `256MiB`, `1GiB`.
enum SizeText {
    private static let units: [(name: String, bytes: Int)] = [
        ("GiB", 1_073_741_824), ("MiB", 1_048_576), ("KiB", 1_024),
    ]

    /// Reads a whole number with a unit, or of bytes without one; nil for anything else and on overflow.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let amount = Int(digits) else { return nil }
        let name = text.dropFirst(digits.count)
        guard !name.isEmpty else { return amount }
        guard let unit = Self.units.first(where: { $0.name == name }) else { return nil }
        let (bytes, overflow) = amount.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// With the largest unit that divides the size.
    static func format(_ bytes: Int) -> String {
        for unit in Self.units where bytes > 0 && bytes % unit.bytes == 0 {
            return "\(bytes / unit.bytes)\(unit.name)"
        }
        return "\(bytes)"
    }
}
