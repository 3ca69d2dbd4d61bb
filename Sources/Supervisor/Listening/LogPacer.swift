// SPDX-License-Identifier: Apache-2.0

import Shared

/// Bounds how often something that others can bring about is logged. Pure.
struct LogPacer {
    static let interval = Duration.seconds(10)

    private var last: Instant?
    private var silent: UInt64 = 0

    /// It has happened. How often it had since the last line, this time included; nil: no line now.
    mutating func happened(_ now: Instant) -> UInt64? {
        silent += 1
        if let last, now.since(last) < Self.interval { return nil }
        last = now
        defer { silent = 0 }
        return silent
    }
}
