// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

/// Durations, sizes and spelling.
@Suite struct TextTests {
    @Test(
        arguments: [
            ("10s", .seconds(10)), ("1m30s", .seconds(90)), ("500ms", .milliseconds(500)), ("4h", .seconds(14_400)),
            ("1.5s", .milliseconds(1_500)), ("0.25h", .seconds(900)), ("0s", .zero), ("1s1s", .seconds(2)),
            ("", nil), ("10", nil), ("s", nil), ("-1s", nil), ("+1s", nil), ("1 s", nil), ("1us", nil), ("1d", nil),
            ("1.s", nil), (".5s", nil), ("1.2.3s", nil), ("1.2345s", nil), ("10001h", nil),
            ("99999999999999999999s", nil),
            ("١s", nil),
        ] as [(String, Duration?)])
    func durations(text: String, duration: Duration?) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(arguments: ["10s", "1m30s", "500ms", "4h", "1h1m1s1ms", "0s"])
    func durationsAreWrittenAsRead(text: String) throws {
        #expect(DurationText.format(try #require(DurationText.parse(text))) == text)
    }

    @Test(
        arguments: [
            ("8192", 8_192), ("0", 0), ("64KiB", 65_536), ("256MiB", 268_435_456), ("1GiB", 1_073_741_824),
            ("", nil), ("KiB", nil), ("64kb", nil), ("64 KiB", nil), ("1.5KiB", nil), ("-1", nil),
            ("9223372036854775807GiB", nil), ("99999999999999999999", nil),
        ] as [(String, Int?)])
    func sizes(text: String, bytes: Int?) {
        #expect(SizeText.parse(text) == bytes)
    }

    @Test(arguments: [(8_192, "8KiB"), (268_435_456, "256MiB"), (1_500, "1500"), (0, "0")])
    func sizesAreWrittenShort(bytes: Int, text: String) {
        #expect(SizeText.format(bytes) == text)
    }

    @Test(arguments: [("", "", 0), ("abc", "", 3), ("drain", "drian", 1), ("kitten", "sitting", 3), ("ab", "ba", 1)])
    func distances(left: String, right: String, distance: Int) {
        #expect(Spelling.distance(left, right) == distance)
        #expect(Spelling.distance(right, left) == distance)
    }
}
