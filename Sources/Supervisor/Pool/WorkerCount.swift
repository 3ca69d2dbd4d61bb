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

    /// The same of version 1: `cpu.cfs_quota_us` and `cpu.cfs_period_us`; -1: no quota.
    static func quota(microseconds: String, period: String) -> Int? {
        quota(cpuMax: "\(microseconds.trimmed) \(period.trimmed)")
    }

    /// The least quota of the control groups that this process is in, and of those above them.
    static func ownQuota(_ groups: ControlGroups = .own) -> Int? {
        let unified = groups.unified?.chain.compactMap { folder in
            (try? SmallFile.read("\(folder)/cpu.max")).flatMap { quota(cpuMax: $0) }
        }
        let old = groups.cpu?.chain.compactMap { folder -> Int? in
            guard let quota = try? SmallFile.read("\(folder)/cpu.cfs_quota_us"),
                let period = try? SmallFile.read("\(folder)/cpu.cfs_period_us")
            else { return nil }
            return Self.quota(microseconds: quota, period: period)
        }
        return ((unified ?? []) + (old ?? [])).min()
    }
}

extension String {
    fileprivate var trimmed: Substring { prefix { $0 != "\n" && $0 != " " } }
}
