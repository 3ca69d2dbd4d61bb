// SPDX-License-Identifier: Apache-2.0

import CLinux

extension Instant {
    /// The present, for commands that have no event loop; whatever runs on the loop asks its `Kernel`.
    package static var now: Instant { Instant(nanoseconds: lg_monotonic_ns()) }
}
