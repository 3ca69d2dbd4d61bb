// SPDX-License-Identifier: Apache-2.0

import Shared

/// One child's own control group (version 2).
struct WorkerGroup {
    let name: String
    let folder: String
    private let groups: WorkerGroups

    init(name: String, folder: String, groups: WorkerGroups) {
        self.name = name
        self.folder = folder
        self.groups = groups
    }

    /// What the group's processes hold, without page cache that could be dropped at once: as the kubelet reckons a
    /// working set. nil: it cannot be read.
    var memory: UInt64? {
        guard let current = try? SmallFile.read("\(folder)/memory.current"), let total = Self.number(current),
            let statistics = try? SmallFile.read("\(folder)/memory.stat")
        else { return nil }
        return total - min(total, Self.inactiveFile(statistics))
    }

    /// The larger of what a process and what its group shows.
    static func memory(of pid: Int32, in group: WorkerGroup?) -> UInt64? {
        [ProcessFigures.rssAnonBytes(pid: pid), group?.memory].compactMap(\.self).max()
    }

    /// Its process is gone.
    func leave() { groups.remove(folder) }

    static func inactiveFile(_ statistics: String) -> UInt64 {
        let line = statistics.split(separator: "\n").first { $0.hasPrefix("inactive_file ") }
        return line.flatMap { number($0.dropFirst("inactive_file ".count)) } ?? 0
    }

    private static func number(_ text: some StringProtocol) -> UInt64? {
        UInt64(text.prefix { $0.isNumber })
    }
}
