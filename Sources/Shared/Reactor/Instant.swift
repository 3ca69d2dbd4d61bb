// SPDX-License-Identifier: Apache-2.0

/// A point on the monotonic clock (CLOCK_MONOTONIC), in nanoseconds. All processes of one machine share it.
package struct Instant: Comparable, Hashable, Sendable, Codable {
    package var nanoseconds: UInt64

    @inlinable package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    @inlinable package static var zero: Instant { Instant(nanoseconds: 0) }
    /// Later than everything: no deadline is set.
    @inlinable package static var never: Instant { Instant(nanoseconds: .max) }

    @inlinable package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Later by so many nanoseconds: for whoever does it often, since a `Duration` counts in 128 bits.
    @inlinable package func later(by nanoseconds: UInt64) -> Instant {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        return overflow ? .never : Instant(nanoseconds: sum)
    }

    /// The nanoseconds from `earlier` to here; zero when `earlier` is later.
    @inlinable package func nanoseconds(since earlier: Instant) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    package static func + (instant: Instant, duration: Duration) -> Instant {
        instant.later(by: UInt64(max(0, duration.nanoseconds)))
    }

    /// The time from `earlier` to here; zero when `earlier` is later.
    package func since(_ earlier: Instant) -> Duration {
        .nanoseconds(Int64(clamping: nanoseconds(since: earlier)))
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
