// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Where this process stands in the kernel's hierarchies of control groups, as files (cgroups(7)): version 2's one
/// hierarchy, and version 1's one for each controller, on machines that have both as well.
package struct ControlGroups: Equatable, Sendable {
    /// A place in one hierarchy.
    package struct Place: Equatable, Sendable {
        /// Where the hierarchy is mounted.
        package let mount: String
        /// The group's folder; the same as `mount` at its top.
        package let folder: String

        package init(mount: String, folder: String) {
            self.mount = mount
            self.folder = folder
        }

        /// The group and those above it, from the inside out.
        package var chain: [String] {
            var folders = [folder]
            while let last = folders.last, last.count > mount.count, let slash = last.lastIndex(of: "/") {
                folders.append(String(last[..<slash]))
            }
            return folders
        }
    }

    /// In version 2; nil: it is not mounted.
    package let unified: Place?
    /// Of the controller `cpu` in version 1; nil: that has none.
    package let cpu: Place?

    /// - Parameters:
    ///   - mounts: /proc/self/mountinfo.
    ///   - memberships: /proc/self/cgroup.
    package init(mounts: String, memberships: String) {
        var unified: Place?
        var cpu: Place?
        let groups = memberships.split(separator: "\n").map {
            $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        }
        for line in mounts.split(separator: "\n") {
            // … root mount-point options [tags] - type source super-options
            let words = line.split(separator: " ")
            guard let dash = words.firstIndex(of: "-"), words.count > dash + 3, dash > 4 else { continue }
            func place(_ group: [Substring]?) -> Place? {
                guard let group, group.count == 3 else { return nil }
                return Self.place(String(group[2]), root: String(words[3]), mount: String(words[4]))
            }
            if words[dash + 1] == "cgroup2" {
                unified = unified ?? place(groups.first { $0.first == "0" && $0.count == 3 && $0[1].isEmpty })
            } else if words[dash + 1] == "cgroup", words[dash + 3].split(separator: ",").contains("cpu") {
                cpu = cpu ?? place(groups.first { $0.count == 3 && $0[1].split(separator: ",").contains("cpu") })
            }
        }
        self.unified = unified
        self.cpu = cpu
    }

    private static func place(_ path: String, root: String, mount: String) -> Place {
        var inside = path
        if root != "/" {
            // Only a part of the hierarchy is mounted; a group elsewhere cannot be seen.
            inside = path == root || path.hasPrefix(root + "/") ? String(path.dropFirst(root.count)) : ""
        }
        while inside.hasSuffix("/") { inside.removeLast() }
        return Place(mount: mount, folder: mount + inside)
    }

    /// Whether groups may be made in this folder of version 2: systemd says so (`Delegate=`), or our own user owns it, or
    /// it is the top of a control group namespace. (The real top has no type.)
    package static func isDelegated(_ folder: String) -> Bool {
        let user = LocalPeer.ownUser
        if unsafe lg_is_delegated(folder) { return true }
        if user != 0, unsafe lg_file_owner(folder) == Int64(user) { return true }
        return (try? SmallFile.read("/proc/self/cgroup"))?.split(separator: "\n").contains("0::/") ?? false
            && (try? SmallFile.read("\(folder)/cgroup.type")) != nil
    }

    /// This process's.
    package static var own: ControlGroups {
        ControlGroups(
            mounts: (try? SmallFile.read("/proc/self/mountinfo")) ?? "",
            memberships: (try? SmallFile.read("/proc/self/cgroup")) ?? "")
    }
}
