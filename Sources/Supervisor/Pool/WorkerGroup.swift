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
        guard let current = try? SmallFile.readBytes("\(folder)/memory.current"),
            let total = SmallFile.number(of: "", in: current.span),
            let statistics = try? SmallFile.readBytes("\(folder)/memory.stat")
        else { return nil }
        return total - min(total, SmallFile.number(of: "inactive_file ", in: statistics.span) ?? 0)
    }

    /// The larger of what a process and what its group shows.
    static func memory(of pid: Int32, in group: WorkerGroup?) -> UInt64? {
        [ProcessFigures.rssAnonBytes(pid: pid), group?.memory].compactMap(\.self).max()
    }

    /// Its process is gone.
    func leave() { groups.remove(folder) }
}
