// SPDX-License-Identifier: Apache-2.0

/// A length of time in nanoseconds: about 292 years at most, as in cel-go, whose durations are Go's.
package struct CELDuration: Hashable, Sendable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Go's time.ParseDuration: a sign and one or more numbers, each with its unit, as in "-1h30m" or "1.5s". Nil if the
    /// text is none or is out of range.
    package init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        if rest == [UInt8(ascii: "0")] {
            nanoseconds = 0
            return
        }
        guard !rest.isEmpty else { return nil }
        var total: Int128 = 0
        while !rest.isEmpty {
            guard let part = Self.part(&rest) else { return nil }
            total += part
            guard total <= Int128(Int64.max) + (isNegative ? 1 : 0) else { return nil }
        }
        nanoseconds = Int64(truncatingIfNeeded: isNegative ? -total : total)
    }

    private static func part(_ rest: inout ArraySlice<UInt8>) -> Int128? {
        let whole = digits(&rest)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = digits(&rest)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        guard let unit = unit(&rest) else { return nil }
        var value: Int128 = 0
        for digit in whole {
            value = value * 10 + Int128(digit - UInt8(ascii: "0"))
            guard value <= Int128(Int64.max) + 1 else { return nil }
        }
        value *= unit
        var scale = unit
        for digit in fraction {
            // A unit has at most 14 digits of nanoseconds; what is below one is cut off.
            value += Int128(digit - UInt8(ascii: "0")) * scale / 10
            scale /= 10
            if scale == 0 { break }
        }
        return value
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let found = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        rest = rest.dropFirst(found.count)
        return found
    }

    private static let units: [(String, Int128)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    private static func unit(_ rest: inout ArraySlice<UInt8>) -> Int128? {
        for (name, unit) in units where rest.starts(with: name.utf8) {
            rest = rest.dropFirst(name.utf8.count)
            return unit
        }
        return nil
    }

    /// Seconds with a decimal point where needed, as cel-go prints durations: through a double.
    package var text: String {
        let whole = nanoseconds / 1_000_000_000
        let rest = nanoseconds % 1_000_000_000
        return DecimalText.plain(Double(whole) + Double(rest) / 1e9) + "s"
    }

    func adding(_ other: CELDuration) throws(CELError) -> CELDuration {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(other.nanoseconds)
        guard !overflow else { throw .range }
        return CELDuration(nanoseconds: sum)
    }

    func subtracting(_ other: CELDuration) throws(CELError) -> CELDuration {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
        guard !overflow else { throw .range }
        return CELDuration(nanoseconds: difference)
    }
}
