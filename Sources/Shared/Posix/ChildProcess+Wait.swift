// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

extension ChildProcess {
    /// Waits for its end, for commands that have no event loop.
    ///
    /// - Returns: how it ended; nil when the deadline passed first, and then it still runs.
    package borrowing func wait(until deadline: Instant) -> Exit? {
        while true {
            if let exit = self.reap() {
                return exit
            }
            guard Polling.wait(for: self.pidfd.raw, Int16(POLLIN), until: deadline) else { return nil }
        }
    }
}
