// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A point in time by which something must have happened. Every wait of the harness takes one.
package struct Deadline: Sendable {
    package let instant: ContinuousClock.Instant

    package static func after(_ duration: Duration) -> Deadline {
        Deadline(instant: .now + duration)
    }

    package var hasPassed: Bool {
        ContinuousClock.now >= instant
    }

    /// What is left, for `poll(2)`: rounded up, so that a wait never ends just before the deadline; 0 when it has passed.
    var pollMilliseconds: Int32 {
        let left = (instant - .now).milliseconds
        return left <= 0 ? 0 : Int32(min(left.rounded(.up), 3_600_000))
    }
}

/// Asks again and again, every `pause`, until the condition holds; false when the deadline passed first.
package func eventually(
    within limit: Duration, every pause: Duration = .milliseconds(5), _ condition: () throws -> Bool
) rethrows -> Bool {
    let deadline = Deadline.after(limit)
    while try !condition() {
        if deadline.hasPassed { return false }
        sleep(for: pause)
    }
    return true
}

/// Blocks the calling thread: the harness is synchronous.
package func sleep(for duration: Duration) {
    Thread.sleep(forTimeInterval: duration.milliseconds / 1_000)
}

/// Sleeps until a moment; not at all if it has passed.
package func sleep(until moment: ContinuousClock.Instant) {
    sleep(for: max(.zero, moment - .now))
}

extension Duration {
    package var milliseconds: Double {
        Double(components.seconds) * 1_000 + Double(components.attoseconds) / 1e15
    }
}
