// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Shared

@Suite("Pacing a loop's wakings")
struct WakePacerTests {
    /// Wakes so many times, so far apart; gives how long the loop is to rest after the last.
    private static func rest(after wakes: Int, apart gap: Duration, _ pacer: inout WakePacer, _ now: inout Instant)
        -> UInt64
    {
        for _ in 0..<wakes {
            now = now + gap
            pacer.woke(at: now)
        }
        return pacer.rest(at: now)
    }

    @Test("It rests only where wakings come in quick succession, and stops with them")
    func rests() {
        var pacer = WakePacer(spacing: .microseconds(500))
        var now = Instant(nanoseconds: 1 << 40)
        #expect(pacer.rest(at: now) == 0)
        // The three events of one connection, or of a few.
        #expect(Self.rest(after: 9, apart: .microseconds(50), &pacer, &now) == 0)
        #expect(Self.rest(after: 9, apart: .microseconds(50), &pacer, &now) == 500_000)
        // While it rests, the gaps are the rests, and it goes on.
        #expect(Self.rest(after: 1_000, apart: .microseconds(520), &pacer, &now) == 500_000)
        // Two quiet moments are enough.
        #expect(Self.rest(after: 2, apart: .seconds(1), &pacer, &now) == 0)
    }

    @Test("What wakes it less often than it would rest never waits", arguments: [1_001, 2_000, 100_000])
    func seldom(microseconds: Int) {
        var pacer = WakePacer(spacing: .microseconds(500))
        var now = Instant(nanoseconds: 1 << 40)
        #expect(Self.rest(after: 10_000, apart: .microseconds(microseconds), &pacer, &now) == 0)
    }

    @Test("The work since the last waking is part of the rest")
    func work() {
        var pacer = WakePacer(spacing: .microseconds(500))
        var now = Instant(nanoseconds: 1 << 40)
        _ = Self.rest(after: 100, apart: .microseconds(10), &pacer, &now)
        #expect(pacer.rest(at: now + .microseconds(200)) == 300_000)
        #expect(pacer.rest(at: now + .microseconds(500)) == 0)
        #expect(pacer.rest(at: now + .seconds(1)) == 0)
    }
}
