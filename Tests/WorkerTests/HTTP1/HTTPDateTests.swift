// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("A moment as HTTP writes it")
struct HTTPDateTests {
    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] as [(Int64, String)])
    func text(seconds: Int64, expected: String) {
        let bytes = ByteWriter.collect(64) { HTTPDate(secondsSince1970: seconds).write(into: &$0) }
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }
}
