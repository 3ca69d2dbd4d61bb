// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the kernel holds a child to, whatever becomes of it or of its supervisor.
enum ChildBounds {
    /// - Parameter memory: bytes that it may have written (RLIMIT_DATA).
    static func set(_ environment: borrowing ChildEnvironment, memory: Int) {
        DataLimit.set(bytes: memory)
        // The end of the channel makes it drain; this is for one that does not see that any more.
        ParentDeath.endsThisProcess(
            after: environment.configuration.deadlines.hardStop, channel: environment.channel.raw)
    }
}
