// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Shared

@Suite("Instant")
struct InstantTests {
    @Test func sumsSaturate() {
        #expect(Instant.never + .seconds(1) == .never)
        #expect(Instant(nanoseconds: .max - 1) + .seconds(1) == .never)
        #expect(Instant.zero + .seconds(-1) == .zero)
        #expect(Instant.zero + .milliseconds(3) == Instant(nanoseconds: 3_000_000))
    }

    @Test func differencesSaturate() {
        #expect(Instant.zero.since(.never) == .zero)
        #expect(Instant.never.since(.zero) == .nanoseconds(Int64.max))
        #expect(Instant(nanoseconds: 7).since(Instant(nanoseconds: 3)) == .nanoseconds(4))
    }

    @Test(
        arguments: [
            (Duration.zero, 0), (.nanoseconds(1), 1), (.milliseconds(-5), -5_000_000), (.seconds(Int64.max), Int64.max),
            (.seconds(Int64.min), Int64.min),
        ] as [(Duration, Int64)])
    func nanosecondsClamp(duration: Duration, expected: Int64) {
        #expect(duration.nanoseconds == expected)
    }
}
