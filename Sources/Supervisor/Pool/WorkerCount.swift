// SPDX-License-Identifier: Apache-2.0

import Shared

/// How many gateway workers `auto` means: one per core that may be used, and no more than the cgroup's quota pays for.
enum WorkerCount {
    /// More would be a mistake in the configuration of a machine, not a use of it.
    static let most = 256

    static func workers(configured: Int?, cores: Int, quota: Int?) -> Int {
        if let configured { return min(max(1, configured), most) }
        return min(max(1, min(cores, quota ?? cores)), most)
    }

    /// Whole cores of a cgroup's quota (`cpu.max`: "QUOTA PERIOD" in microseconds, or "max PERIOD"), rounded up; nil: no
    /// quota.
    static func quota(cpuMax text: String) -> Int? {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]), quota > 0, period > 0 else {
            return nil
        }
        return (quota + period - 1) / period
    }

    /// The path below /sys/fs/cgroup of the process with this /proc/PID/cgroup, in the one hierarchy of version 2.
    static func cgroup(_ text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(3)) }
    }

    /// The quota of the cgroup that this process is in.
    static func ownQuota() -> Int? {
        guard let text = try? SmallFile.read("/proc/self/cgroup"), let path = cgroup(text),
            let limit = try? SmallFile.read("/sys/fs/cgroup\(path)/cpu.max")
        else { return nil }
        return quota(cpuMax: limit)
    }
}
