// SPDX-License-Identifier: Apache-2.0

/// A point on the monotonic clock (CLOCK_MONOTONIC), in nanoseconds. All processes of one machine share it.
package struct Instant: Comparable, Hashable, Sendable, Codable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    package static let zero = Instant(nanoseconds: 0)
    /// Later than everything: no deadline is set.
    package static let never = Instant(nanoseconds: .max)

    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    package static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(UInt64(max(0, duration.nanoseconds)))
        return overflow ? .never : Instant(nanoseconds: sum)
    }

    /// The time from `earlier` to here; zero when `earlier` is later.
    package func since(_ earlier: Instant) -> Duration {
        .nanoseconds(Int64(clamping: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0))
    }
}

extension Duration {
    /// In whole nanoseconds, clamped to what 64 bits hold (292 years).
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    package var milliseconds: Double {
        Double(nanoseconds) / 1_000_000
    }
}
