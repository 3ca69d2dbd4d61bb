// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// poll(2) of one descriptor, for commands that have no event loop.
package enum Polling {
    /// Does nothing for so long.
    package static func pause(_ duration: Duration) {
        // No descriptor: only the time passes.
        _ = wait(for: -1, 0, until: .now + duration)
    }

    /// Waits until one of `events`, an error or the peer's end; false when the deadline passed first.
    static func wait(for descriptor: Int32, _ events: Int16, until deadline: Instant) -> Bool {
        while true {
            let left = deadline.nanoseconds.subtractingReportingOverflow(lg_monotonic_ns())
            guard !left.overflow, left.partialValue > 0 else { return false }
            var poll = pollfd(fd: descriptor, events: events, revents: 0)
            // Rounded up: a wait cut to 0 ms would spin.
            let milliseconds = Int32(clamping: (left.partialValue + 999_999) / 1_000_000)
            let count = unsafe Glibc.poll(&poll, 1, milliseconds)
            if count > 0 {
                return true
            }
            // EINTR and a time-out: the clock decides.
        }
    }
}
