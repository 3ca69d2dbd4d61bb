// SPDX-License-Identifier: Apache-2.0

/// The rule in the footer of a time zone's file, such as "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX's TZ, with RFC 9636's wider
/// range of hours).
struct PosixZoneRule: Equatable, Sendable {
    /// Seconds east of UTC.
    private let standard: Int64
    private var summer: Summer?

    private struct Summer: Equatable, Sendable {
        let offset: Int64
        let start: Change
        let end: Change
    }

    /// When in a year an offset begins.
    private struct Change: Equatable, Sendable {
        enum Day: Equatable, Sendable {
            /// Jn: 1 to 365, 29 February never counted.
            case withoutLeap(Int64)
            /// n: 0 to 365.
            case ofYear(Int64)
            /// Mm.w.d: the w-th d-day of the month, the fifth being the last.
            case weekday(month: Int64, week: Int64, day: Int64)
        }
        let day: Day
        /// Seconds after midnight, in the time before the change.
        let time: Int64

        /// Seconds since 1970 in local time.
        func moment(in year: Int64) -> Int64 {
            let firstDay = CivilDate.days(year: year, month: 1, day: 1)
            let days: Int64
            switch day {
            case .withoutLeap(let number): days = firstDay + number - (CivilDate.isLeap(year) && number >= 60 ? 0 : 1)
            case .ofYear(let number): days = firstDay + number
            case .weekday(let month, let week, let weekday):
                let first = CivilDate.days(year: year, month: month, day: 1)
                // 1970-01-01 was a Thursday.
                let firstWeekday = ((first + 4) % 7 + 7) % 7
                var dayOfMonth = (weekday - firstWeekday + 7) % 7 + 1 + (week - 1) * 7
                if dayOfMonth > CivilDate.days(inMonth: month, of: year) { dayOfMonth -= 7 }
                days = first + dayOfMonth - 1
            }
            return days * 86_400 + time
        }
    }

    /// Nil if the text is malformed.
    init?(_ text: String) {
        var reader = RuleReader(text)
        guard reader.name(), let standard = reader.time(upTo: 24) else { return nil }
        self.standard = -standard
        guard !reader.isAtEnd else { return }
        guard reader.name() else { return nil }
        var offset = self.standard + 3_600
        if !reader.isNext(",") {
            guard let written = reader.time(upTo: 24) else { return nil }
            offset = -written
        }
        guard reader.take(","), let start = Self.change(&reader), reader.take(","), let end = Self.change(&reader),
            reader.isAtEnd
        else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    private static func change(_ reader: inout RuleReader) -> Change? {
        let day: Change.Day
        if reader.take("M") {
            guard let month = reader.number(), 1...12 ~= month, reader.take("."), let week = reader.number(),
                1...5 ~= week, reader.take("."), let weekday = reader.number(), 0...6 ~= weekday
            else { return nil }
            day = .weekday(month: month, week: week, day: weekday)
        } else if reader.take("J") {
            guard let number = reader.number(), 1...365 ~= number else { return nil }
            day = .withoutLeap(number)
        } else {
            guard let number = reader.number(), 0...365 ~= number else { return nil }
            day = .ofYear(number)
        }
        guard reader.take("/") else { return Change(day: day, time: 7_200) }
        return reader.time(upTo: 167).map { Change(day: day, time: $0) }
    }

    /// Seconds east of UTC at a moment.
    func offset(at seconds: Int64) -> Int64 {
        guard let summer else { return standard }
        let year = CivilDate(daysSince1970: CELTimestamp.floorDivide(seconds + standard, 86_400)).year
        let start = summer.start.moment(in: year) - standard
        let end = summer.end.moment(in: year) - summer.offset
        // South of the equator summer spans the turn of the year.
        let isSummer = start < end ? start <= seconds && seconds < end : seconds < end || start <= seconds
        return isSummer ? summer.offset : standard
    }
}

private struct RuleReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) {
        rest = Array(text.utf8)[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    func isNext(_ mark: Character) -> Bool { rest.first == mark.asciiValue }

    mutating func take(_ mark: Character) -> Bool {
        guard isNext(mark) else { return false }
        rest.removeFirst()
        return true
    }

    /// A zone's abbreviation: letters, or anything in angle brackets.
    mutating func name() -> Bool {
        if take("<") {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            rest = rest[end...].dropFirst()
            return true
        }
        let letters = rest.prefix { Unicode.Scalar($0).properties.isAlphabetic && $0 < 128 }
        rest = rest.dropFirst(letters.count)
        return letters.count >= 3
    }

    mutating func number() -> Int64? {
        let digits = rest.prefix { Unicode.Scalar($0).isDigit }
        guard 1...3 ~= digits.count else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// [+-]hh[:mm[:ss]], in seconds.
    mutating func time(upTo limit: Int64) -> Int64? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard let hours = number(), hours <= limit else { return nil }
        var seconds = hours * 3_600
        for unit: Int64 in [60, 1] {
            guard take(":") else { break }
            guard let part = number(), part <= 59 else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }
}
