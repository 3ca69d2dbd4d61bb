// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Which processors a process may run on (sched_setaffinity(2)).
package enum ProcessorAffinity {
    /// More than there are on any machine that gateways run on; what is beyond is left out.
    private static let most = 1_024

    /// By their numbers, in order; 0: this process. Empty: there is no such process.
    package static func of(pid: Int32) -> [Int] {
        var processors = [Int32](repeating: 0, count: most)
        let count = unsafe processors.withUnsafeMutableBufferPointer {
            unsafe lg_affinity(pid, $0.baseAddress, Int32($0.count))
        }
        return processors.prefix(max(0, Int(count))).map { Int($0) }
    }

    /// Lets a child that was just started, and so has one thread, run on that processor alone, and all threads that it
    /// begins.
    package static func pin(pid: Int32, to processor: Int) throws(Errno) {
        _ = try Errno.check(lg_pin(pid, Int32(processor)))
    }
}
