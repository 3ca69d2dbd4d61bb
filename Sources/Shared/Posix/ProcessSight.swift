// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a process does at this moment, as far as the kernel tells us (proc(5)). Where it sleeps, and in which system call,
/// is for those who may trace it: root, or of a process that is dumpable.
package struct ProcessSight: Equatable, Sendable {
    /// R: it runs, or spins; S: it sleeps; D: it waits in the kernel, for a disk perhaps; T: it was stopped.
    package let state: String?
    /// The kernel's function in which it sleeps.
    package let wchan: String?
    /// The number of its system call.
    package let systemCall: String?
    /// Processor time since its start.
    package let userMilliseconds: UInt64?
    package let systemMilliseconds: UInt64?

    package init(pid: Int32) {
        self.init(
            stat: (try? SmallFile.read("/proc/\(pid)/stat")) ?? "", wchan: try? SmallFile.read("/proc/\(pid)/wchan"),
            systemCall: try? SmallFile.read("/proc/\(pid)/syscall"),
            ticksPerSecond: UInt64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
    }

    /// Of the files' text.
    init(stat: String, wchan: String?, systemCall: String?, ticksPerSecond: UInt64) {
        // The second field may hold anything, parentheses included; the state is the third one.
        let fields = (stat.split(separator: ")").last ?? "").split(whereSeparator: { $0 == " " || $0 == "\n" })
        let milliseconds = { (index: Int) in
            fields.indices.contains(index) ? UInt64(fields[index]).map { $0 * 1_000 / ticksPerSecond } : nil
        }
        state = fields.first.map(String.init)
        userMilliseconds = milliseconds(11)
        systemMilliseconds = milliseconds(12)
        // `0`: not for us to see, or it does not sleep.
        self.wchan = wchan.flatMap { $0.isEmpty || $0 == "0" ? nil : $0 }
        // Its arguments are addresses and descriptors, which say nothing without its memory.
        self.systemCall = systemCall?.split(whereSeparator: { $0 == " " || $0 == "\n" }).first.map(String.init)
    }
}
