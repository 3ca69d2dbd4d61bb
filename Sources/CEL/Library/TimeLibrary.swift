// SPDX-License-Identifier: Apache-2.0

/// The getters of timestamps, in UTC or a given time zone, and of durations.
enum TimeLibrary {
    static var overloads: [Overload] { timestamps + durations }

    /// A timestamp taken apart in a time zone.
    private struct Parts {
        let date: CivilDate
        /// Days since 1970-01-01.
        let days: Int64
        /// Seconds since midnight.
        let clock: Int64
        let milliseconds: Int64

        init(_ timestamp: CELTimestamp, _ zone: TimeZoneRules) {
            let local = timestamp.seconds + zone.offset(at: timestamp.seconds)
            days = CELTimestamp.floorDivide(local, 86_400)
            date = CivilDate(daysSince1970: days)
            clock = local - days * 86_400
            milliseconds = timestamp.nanoseconds / 1_000_000
        }

        var dayOfYear: Int64 { days - CivilDate.days(year: date.year, month: 1, day: 1) }

        /// 0 is Sunday; 1970-01-01 was a Thursday.
        var dayOfWeek: Int64 { ((days + 4) % 7 + 7) % 7 }
    }

    private static var timestamps: [Overload] {
        let getters: [(String, @Sendable (Parts) -> Int64)] = [
            ("getFullYear", { $0.date.year }), ("getMonth", { $0.date.month - 1 }), ("getDate", { $0.date.day }),
            ("getDayOfMonth", { $0.date.day - 1 }), ("getDayOfYear", { $0.dayOfYear }),
            ("getDayOfWeek", { $0.dayOfWeek }), ("getHours", { $0.clock / 3_600 }),
            ("getMinutes", { $0.clock / 60 % 60 }), ("getSeconds", { $0.clock % 60 }),
            ("getMilliseconds", { $0.milliseconds }),
        ]
        return getters.flatMap { function, getter -> [Overload] in
            [
                .unary(function, isMember: true, .timestamp, to: .int) {
                    (a: CELTimestamp, _: inout Meter) throws(CELError) in .int(getter(Parts(a, .utc)))
                },
                .binary(function, isMember: true, .timestamp, .string, to: .int) {
                    (a: CELTimestamp, name: String, meter: inout Meter) throws(CELError) in
                    // Reading a zone's file is much more than its name's length tells.
                    try meter.work(1_000)
                    guard let zone = TimeZoneRules.named(name) else { throw .failed("unknown time zone") }
                    return .int(getter(Parts(a, zone)))
                },
            ]
        }
    }

    private static var durations: [Overload] {
        let units: [(String, Int64)] = [
            ("getHours", 3_600_000_000_000), ("getMinutes", 60_000_000_000), ("getSeconds", 1_000_000_000),
            ("getMilliseconds", 1_000_000),
        ]
        return units.map { function, unit in
            .unary(function, isMember: true, .duration, to: .int) { (a: CELDuration, _: inout Meter) throws(CELError) in
                .int(a.nanoseconds / unit)
            }
        }
    }
}
