// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Waiting on the main thread for something to become true, with a deadline.
enum Wait {
    /// Looks again and again until `condition` holds; returns how long that took, nil if it did not within `limit`.
    static func until(
        upTo limit: Duration, every pause: Duration = .milliseconds(10), _ condition: () throws -> Bool
    ) rethrows -> Duration? {
        let start = ContinuousClock.now
        while true {
            if try condition() { return ContinuousClock.now - start }
            guard ContinuousClock.now - start < limit else { return nil }
            sleep(pause)
        }
    }

    static func sleep(_ duration: Duration) {
        usleep(UInt32(duration / .microseconds(1)))
    }
}

extension Duration {
    /// In whole milliseconds, for a figure to print.
    var milliseconds: Int { Int(self / .milliseconds(1)) }
}
