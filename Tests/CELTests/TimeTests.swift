// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite("Times")
struct TimeTests {
    @Test(
        "rules of POSIX in the footer of a zone's file",
        arguments: [
            // Rule, moment, hours and minutes east of UTC.
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2024-03-31T00:59:59Z", Int64(60)),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2024-03-31T01:00:00Z", 120),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2024-10-27T00:59:59Z", 120),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2024-10-27T01:00:00Z", 60),
            ("EST5EDT,M3.2.0,M11.1.0", "2024-07-01T00:00:00Z", -240), ("<+0545>-5:45", "2024-07-01T00:00:00Z", 345),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-01-01T00:00:00Z", 660),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-07-01T00:00:00Z", 600),
            ("EET-2EEST,J60,J300/0", "2024-02-29T12:00:00Z", 120), ("EET-2EEST,59,300/0", "2024-02-29T12:00:00Z", 180),
        ])
    func footer(rule: String, moment: String, minutes: Int64) throws {
        let rule = try #require(PosixZoneRule(rule))
        #expect(rule.offset(at: try #require(CELTimestamp(moment)).seconds) == minutes * 60)
    }

    @Test(
        "malformed rules", arguments: ["", "C-1", "CET", "CET-25", "CET-1CEST", "CET-1CEST,M3.6.0,M10.5.0", "CET-1x"])
    func malformed(rule: String) {
        #expect(PosixZoneRule(rule) == nil)
    }

    @Test(
        "names that reach no file",
        arguments: ["../zoneinfo/UTC", "/etc/passwd", "", "utc", "Europe/../../x", "tzdata.zi"])
    func names(name: String) {
        #expect(name.isEmpty ? TimeZoneRules.named(name) == .utc : TimeZoneRules.named(name) == nil)
    }

    @Test("a file cut short or changed anywhere never traps") func brokenFiles() {
        guard let file = ZoneFile.read("Europe/Berlin") else { return }
        #expect(TimeZoneRules(file: file) != nil)
        for length in stride(from: 0, to: file.count, by: 7) {
            #expect(TimeZoneRules(file: Array(file[..<length])) == nil)
        }
        for place in stride(from: 0, to: file.count, by: 3) {
            var changed = file
            changed[place] ^= 0xFF
            _ = TimeZoneRules(file: changed)?.offset(at: 1_700_000_000)
        }
    }

    @Test(
        "timestamps and durations as text",
        arguments: [
            ("2024-02-30T00:00:00Z", nil), ("2023-02-29T00:00:00Z", nil), ("2024-01-01T24:00:00Z", nil),
            ("2024-01-01t00:00:00z", nil), ("2024-01-01", nil), ("2024-01-01T00:00:00.Z", nil),
            ("2024-01-01T00:00:00.120Z", "2024-01-01T00:00:00.12Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), ("0001-01-01T00:00:00+00:01", nil),
            ("2024-01-01T00:00:00-23:59", "2024-01-01T23:59:00Z"),
        ])
    func timestamps(text: String, printed: String?) {
        #expect(CELTimestamp(text)?.text == printed)
    }

    @Test(
        "durations",
        arguments: [
            ("1h2m3s4ms5us6ns", Int64(3_723_004_005_006)), ("-1.5h", -5_400_000_000_000), ("0", 0), ("+1µs", 1_000),
            (".5s", 500_000_000), ("1.s", 1_000_000_000), ("-9223372036854775808ns", .min),
            ("9223372036854775808ns", nil),
            ("1", nil), ("", nil), ("-", nil), ("s", nil), ("1h 2m", nil), ("1e3s", nil),
            ("99999999999999999999s", nil),
        ])
    func durations(text: String, nanoseconds: Int64?) {
        #expect(CELDuration(text)?.nanoseconds == nanoseconds)
    }

    @Test(
        "doubles as text",
        arguments: [
            (0.1, "0.1", "0.100000", "1.000000e-01"), (-0.0, "-0", "-0.000000", "-0.000000e+00"),
            (1e22, "1e+22", "10000000000000000000000.000000", "1.000000e+22"),
            (123_456_789, "1.23456789e+08", "123456789.000000", "1.234568e+08"),
            (.leastNonzeroMagnitude, "5e-324", "0.000000", "4.940656e-324"),
            (0.00001, "1e-05", "0.000010", "1.000000e-05"),
            (9.9999996, "9.9999996", "10.000000", "1.000000e+01"), (100_000, "100000", "100000.000000", "1.000000e+05"),
        ])
    func doubles(number: Double, general: String, fixed: String, scientific: String) {
        #expect(DecimalText.general(number) == general)
        #expect(DecimalText.fixed(number, precision: 6) == fixed)
        #expect(DecimalText.scientific(number, precision: 6) == scientific)
    }
}
