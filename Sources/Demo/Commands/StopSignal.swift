// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// SIGINT and SIGTERM: that one of them came, for the main thread to see.
enum StopSignal {
    private static let received = Atomic<Bool>(false)

    /// Replaces the signals' default. They are caught, not ignored or blocked, so that children start with the default.
    static func install() {
        _ = hasCome
        for number in [SIGINT, SIGTERM] {
            _ = signal(number) { _ in StopSignal.received.store(true, ordering: .relaxed) }
        }
        _ = signal(SIGPIPE, SIG_IGN)
    }

    static var hasCome: Bool { received.load(ordering: .relaxed) }

    /// Returns when a signal has come.
    static func wait() {
        while !hasCome { usleep(50_000) }
    }
}
