// SPDX-License-Identifier: Apache-2.0

/// When a loop that is woken again and again, for one event each time, should rest before it looks again, so that the next
/// events come together. Pure. To wake a process and put it to sleep costs more than most events do: what moderates a
/// network card's interrupts moderates this. After a pause in which little happened nothing waits.
package struct WakePacer {
    /// Between two waits' returns while resting, in nanoseconds.
    private let spacing: UInt64
    /// Of the times between the last returns, smoothed.
    private var averageGap: UInt64
    private var lastWake = Instant.zero

    /// A longer time counts as this many spacings, so that what was long ago is soon forgotten.
    private static let longestGap: UInt64 = 8
    /// It rests while the average is below this many spacings. More than one, since resting itself makes the gaps longer.
    private static let busyGap: UInt64 = 2
    /// The share of a new gap in the average is one in so many.
    private static let smoothing: UInt64 = 8

    package init(spacing: Duration) {
        self.spacing = UInt64(max(0, spacing.nanoseconds))
        averageGap = self.spacing * Self.longestGap
    }

    /// A wait has returned.
    package mutating func woke(at now: Instant) {
        let gap = min(now.nanoseconds(since: lastWake), spacing * Self.longestGap)
        averageGap = averageGap - averageGap / Self.smoothing + gap / Self.smoothing
        lastWake = now
    }

    /// For how long to look at nothing, in nanoseconds; 0: not at all.
    package func rest(at now: Instant) -> UInt64 {
        guard averageGap < spacing * Self.busyGap else { return 0 }
        let passed = now.nanoseconds(since: lastWake)
        return passed < spacing ? spacing - passed : 0
    }
}
