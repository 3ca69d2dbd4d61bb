// SPDX-License-Identifier: Apache-2.0

import CLinux

/// This process's own memory.
package enum ProcessMemory {
    /// Gives what the allocator holds but nobody uses back to the system (malloc_trim(3)).
    package static func giveBackFreed() { lg_give_back_freed_memory() }
}
