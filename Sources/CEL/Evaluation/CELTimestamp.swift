// SPDX-License-Identifier: Apache-2.0

/// A moment between the years 1 and 9999, in seconds since 1970 (UTC) and nanoseconds.
package struct CELTimestamp: Hashable, Sendable {
    package let seconds: Int64
    /// 0 to 999 999 999.
    package let nanoseconds: Int64

    private static let earliest: Int64 = -62_135_596_800
    private static let latest: Int64 = 253_402_300_799

    /// Nil if it is out of range.
    package init?(seconds: Int64, nanoseconds: Int64 = 0) {
        guard Self.earliest...Self.latest ~= seconds, 0..<1_000_000_000 ~= nanoseconds else { return nil }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// RFC 3339: "2009-02-13T23:31:30.5Z" or with an offset. Nil if the text is none or is out of range.
    package init?(_ text: String) {
        var reader = DigitReader(text)
        guard let year = reader.number(digits: 4), reader.take("-"), let month = reader.number(digits: 2),
            reader.take("-"), let day = reader.number(digits: 2), reader.take("T"),
            let hour = reader.number(digits: 2), reader.take(":"), let minute = reader.number(digits: 2),
            reader.take(":"), let second = reader.number(digits: 2)
        else { return nil }
        guard 1...12 ~= month, day >= 1, day <= CivilDate.days(inMonth: month, of: year) else { return nil }
        guard hour <= 23, minute <= 59, second <= 59 else { return nil }
        var nanoseconds: Int64 = 0
        if reader.take(".") {
            guard let fraction = reader.fraction() else { return nil }
            nanoseconds = fraction
        }
        var offset: Int64 = 0
        if !reader.take("Z") {
            let isWest = reader.take("-")
            guard isWest || reader.take("+"), let hours = reader.number(digits: 2), reader.take(":"),
                let minutes = reader.number(digits: 2), hours <= 23, minutes <= 59
            else { return nil }
            offset = (hours * 60 + minutes) * (isWest ? -60 : 60)
        }
        guard reader.isAtEnd else { return nil }
        let days = CivilDate.days(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
        self.init(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// RFC 3339 in UTC, with as many digits of the fraction as it has.
    package var text: String {
        let date = CivilDate(daysSince1970: Self.floorDivide(seconds, 86_400))
        let clock = seconds - Self.floorDivide(seconds, 86_400) * 86_400
        var result = "\(Self.padded(date.year, 4))-\(Self.padded(date.month, 2))-\(Self.padded(date.day, 2))T"
        result += "\(Self.padded(clock / 3_600, 2)):\(Self.padded(clock / 60 % 60, 2)):\(Self.padded(clock % 60, 2))"
        if nanoseconds != 0 {
            var fraction = Self.padded(nanoseconds, 9)
            while fraction.hasSuffix("0") { fraction.removeLast() }
            result += "." + fraction
        }
        return result + "Z"
    }

    func adding(_ duration: CELDuration) throws(CELError) -> CELTimestamp {
        let total = Int128(nanoseconds) + Int128(seconds) * 1_000_000_000 + Int128(duration.nanoseconds)
        return try Self.at(total)
    }

    func subtracting(_ duration: CELDuration) throws(CELError) -> CELTimestamp {
        let total = Int128(nanoseconds) + Int128(seconds) * 1_000_000_000 - Int128(duration.nanoseconds)
        return try Self.at(total)
    }

    func subtracting(_ other: CELTimestamp) throws(CELError) -> CELDuration {
        let difference =
            Int128(seconds - other.seconds) * 1_000_000_000 + Int128(nanoseconds) - Int128(other.nanoseconds)
        guard let nanoseconds = Int64(exactly: difference) else { throw .range }
        return CELDuration(nanoseconds: nanoseconds)
    }

    private static func at(_ total: Int128) throws(CELError) -> CELTimestamp {
        var seconds = total / 1_000_000_000
        var rest = total % 1_000_000_000
        if rest < 0 {
            rest += 1_000_000_000
            seconds -= 1
        }
        guard let seconds = Int64(exactly: seconds),
            let result = CELTimestamp(seconds: seconds, nanoseconds: Int64(truncatingIfNeeded: rest))
        else { throw .range }
        return result
    }

    static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        a >= 0 ? a / b : -((b - 1 - a) / b)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}

extension CELTimestamp: Comparable {
    package static func < (left: CELTimestamp, right: CELTimestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
