// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Logging
import Shared

/// A control group of version 2 for each child, where that part of the hierarchy is ours: its `memory.max` holds even when
/// the supervisor does not look, and its `memory.current` counts what RssAnon leaves out.
///
/// It is ours when systemd says so (`Delegate=memory`), when our own user owns it, or when it is the top of a control
/// group namespace (a container). In every other case nothing is touched, and RssAnon and RLIMIT_DATA hold alone.
final class WorkerGroups {
    /// Why there are none.
    enum Obstacle: Error, Equatable, CustomStringConvertible {
        case notMounted
        case noMemoryController
        case notDelegated
        case refused(String, Errno)

        var description: String {
            switch self {
            case .notMounted: "version 2 is not mounted"
            case .noMemoryController: "version 2 has no memory controller here"
            case .notDelegated: "this control group is not delegated to the gateway"
            case .refused(let what, let error): "\(what): \(error)"
            }
        }
    }

    /// The supervisor's own, because processes stand only in the leaves (cgroups(7), "no internal processes").
    static let ownName = "lychgate-supervisor"

    private let base: String
    /// Groups of processes that are gone, not yet removed: the kernel takes a moment to empty them.
    private var leftovers: [String] = []

    init(
        _ place: ControlGroups.Place?, isDelegated: (String) -> Bool = ControlGroups.isDelegated
    ) throws(Obstacle) {
        guard let place else { throw .notMounted }
        // After a restart in place the supervisor stands in its own group already.
        let stands = place.folder.hasSuffix("/\(Self.ownName)")
        base = stands ? String(place.folder.dropLast(Self.ownName.count + 1)) : place.folder
        guard let controllers = try? SmallFile.read("\(base)/cgroup.controllers"),
            controllers.split(whereSeparator: { $0 == " " || $0 == "\n" }).contains("memory")
        else { throw .noMemoryController }
        guard isDelegated(base) else { throw .notDelegated }
        if !stands { try enter("\(base)/\(Self.ownName)", ProcessFigures.ownPid) }
        try write("+memory", to: "\(base)/cgroup.subtree_control")
        removeLeftovers()
    }

    /// What systemd calls the group of a unit's own helpers, such as `ExecStopPost=`, in a delegated hierarchy.
    static let helpersName = ".control"

    /// Undoes what would keep the service's next supervisor out of the service's own group: processes cannot enter one that
    /// has passed controllers on, while workers of a killed supervisor still stand below it (cgroups(7)). For systemd's
    /// helper alone; the next supervisor passes them on again.
    static func release(_ place: ControlGroups.Place?) throws(Errno) {
        guard let place, place.folder.hasSuffix("/\(helpersName)") else { return }
        try SmallFile.write(
            "-memory", to: place.folder.dropLast(helpersName.count) + "cgroup.subtree_control")
    }

    /// Where this process stands; nil: it may make none there, and the log says why.
    static func own(log: Logger) -> WorkerGroups? {
        do throws(Obstacle) {
            return try WorkerGroups(ControlGroups.own.unified)
        } catch {
            log.debug("children have no control groups of their own", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// Puts a child that was just started into a group of its own, with that limit in bytes.
    func admit(_ pid: Int32, name: String, limit: Int) throws(Obstacle) -> WorkerGroup {
        let group = WorkerGroup(name: name, folder: "\(base)/\(name)", groups: self)
        do throws(Obstacle) {
            try make(group.folder)
            // Where the kernel lacks that file, what the group holds is watched all the same.
            if FileSystem.exists("\(group.folder)/memory.max") {
                try write("\(limit)", to: "\(group.folder)/memory.max")
            }
            try write("\(pid)", to: "\(group.folder)/cgroup.procs")
        } catch {
            group.leave()
            throw error
        }
        return group
    }

    /// The group of a child that another program of this supervisor has put there; nil: it is not there.
    func find(_ name: String, of pid: Int32) -> WorkerGroup? {
        let group = WorkerGroup(name: name, folder: "\(base)/\(name)", groups: self)
        guard let members = try? SmallFile.read("\(group.folder)/cgroup.procs"),
            members.split(separator: "\n").contains("\(pid)")
        else { return nil }
        return group
    }

    /// Nobody wants that folder any more, once it is empty.
    func remove(_ folder: String) {
        leftovers.append(folder)
        sweep()
    }

    /// Removes what can be removed by now.
    private func sweep() {
        leftovers = leftovers.filter { folder in
            do throws(Errno) {
                try FileSystem.removeFolder(folder)
                return false
            } catch {
                return error == .busy
            }
        }
    }

    /// Removes the groups of children that a supervisor before us has left; those whose process still runs go later.
    private func removeLeftovers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        leftovers = names.filter(Self.isOurs).map { "\(base)/\($0)" }
        sweep()
    }

    /// What a child's group is called.
    static func name(_ role: WorkerRole, _ pid: Int32) -> String { "\(role.rawValue)-\(pid)" }

    static func isOurs(_ name: String) -> Bool {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && WorkerRole(rawValue: String(parts[0])) != nil && Int32(parts[1]) != nil
    }

    private func enter(_ folder: String, _ pid: Int32) throws(Obstacle) {
        try make(folder)
        try write("\(pid)", to: "\(folder)/cgroup.procs")
    }

    private func make(_ folder: String) throws(Obstacle) {
        do throws(Errno) { try FileSystem.makeFolder(folder, mode: 0o755) } catch { throw .refused(folder, error) }
    }

    private func write(_ text: String, to path: String) throws(Obstacle) {
        do throws(Errno) { try SmallFile.write(text, to: path) } catch { throw .refused(path, error) }
    }
}
