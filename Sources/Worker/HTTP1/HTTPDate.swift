// SPDX-License-Identifier: Apache-2.0

import Shared

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
        let (year, month, dayOfMonth) = Timestamp.civil(days)
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
}
