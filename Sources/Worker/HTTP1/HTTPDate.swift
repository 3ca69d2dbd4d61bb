// SPDX-License-Identifier: Apache-2.0

/// A moment as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7). Whole numbers only, so cheap
/// enough to be made anew for each answer.
struct HTTPDate: Equatable {
    private let second: Int64
    private let days: Int64

    init(secondsSince1970 seconds: Int64) {
        let day: Int64 = 86_400
        second = ((seconds % day) + day) % day
        days = (seconds - second) / day
    }

    /// Writes `Date: …` with its CRLF.
    func writeField(into writer: inout ByteWriter) {
        writer.append("Date: ")
        write(into: &writer)
        writer.append("\r\n")
    }

    func write(into writer: inout ByteWriter) {
        let (year, month, dayOfMonth) = Self.civil(days)
        // The first day of 1970 was a Thursday.
        writer.append(Self.weekdays[Int(((days + 4) % 7 + 7) % 7)])
        writer.append(", ")
        Self.write(twoDigits: dayOfMonth, into: &writer)
        writer.append(Self.months[Int(month) - 1])
        writer.append(decimal: UInt64(max(0, year)))
        writer.append(0x20)
        Self.write(twoDigits: second / 3_600, into: &writer)
        writer.append(0x3A)
        Self.write(twoDigits: second / 60 % 60, into: &writer)
        writer.append(0x3A)
        Self.write(twoDigits: second % 60, into: &writer)
        writer.append(" GMT")
    }

    private static let weekdays: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months: [StaticString] = [
        " Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ", " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec ",
    ]

    private static func write(twoDigits value: Int64, into writer: inout ByteWriter) {
        writer.append(0x30 + UInt8(value / 10))
        writer.append(0x30 + UInt8(value % 10))
    }

    /// The date in the Gregorian calendar, so many days from 1 January 1970. Years are counted from March here, so that a
    /// leap day is a year's last; 146,097 days are 400 years.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
