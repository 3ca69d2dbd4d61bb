// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

@testable import Supervisor

/// On a folder that looks like version 2's hierarchy; what the kernel does with the files is its own business.
@Suite struct WorkerGroupsTests {
    private func hierarchy(_ controllers: String?) throws -> (folder: ConfigurationFolder, place: ControlGroups.Place) {
        var files = ["cgroup.subtree_control": ""]
        if let controllers { files["cgroup.controllers"] = controllers }
        for name in [WorkerGroups.ownName, "gateway-7"] {
            files["\(name)/cgroup.procs"] = ""
            files["\(name)/memory.max"] = "max"
        }
        let folder = try ConfigurationFolder([:])
        for (name, text) in files {
            let file = URL(fileURLWithPath: "\(folder.path)/\(name)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        return (folder, .init(mount: folder.path, folder: folder.path))
    }

    private func obstacle(_ place: ControlGroups.Place?, delegated: Bool) -> WorkerGroups.Obstacle? {
        do throws(WorkerGroups.Obstacle) {
            _ = try WorkerGroups(place) { _ in delegated }
            return nil
        } catch {
            return error
        }
    }

    @Test func whereThereAreNone() throws {
        #expect(obstacle(nil, delegated: true) == .notMounted)
        let empty = try hierarchy("")
        #expect(obstacle(empty.place, delegated: true) == .noMemoryController)
        let none = try hierarchy(nil)
        #expect(obstacle(none.place, delegated: true) == .noMemoryController)
        let others = try hierarchy("cpu memory pids\n")
        #expect(obstacle(others.place, delegated: false) == .notDelegated)
        // Nothing was touched.
        #expect(try SmallFile.read("\(others.folder.path)/cgroup.subtree_control") == "")
    }

    @Test func theSupervisorGoesIntoALeafAndEachChildIntoItsOwn() throws {
        let (folder, place) = try hierarchy("cpu memory\n")
        let groups = try WorkerGroups(place) { _ in true }
        let own = "\(folder.path)/\(WorkerGroups.ownName)/cgroup.procs"
        #expect(try SmallFile.read(own) == "\(ProcessFigures.ownPid)")
        #expect(try SmallFile.read("\(folder.path)/cgroup.subtree_control") == "+memory")
        let child = try groups.admit(7, name: "gateway-7", limit: 1_000)
        #expect(child.folder == "\(folder.path)/gateway-7" && child.name == "gateway-7")
        #expect(try SmallFile.read("\(child.folder)/cgroup.procs") == "7")
        // One write to a file of a length of its own: the kernel's has none.
        #expect(try SmallFile.read("\(child.folder)/memory.max").hasPrefix("1000"))
    }

    @Test func afterARestartInPlaceItStandsThereAlready() throws {
        let (folder, _) = try hierarchy("memory\n")
        let inner = ControlGroups.Place(mount: folder.path, folder: "\(folder.path)/\(WorkerGroups.ownName)")
        let groups = try WorkerGroups(inner) { _ in true }
        #expect(try SmallFile.read("\(folder.path)/\(WorkerGroups.ownName)/cgroup.procs") == "")
        #expect(try groups.admit(7, name: "gateway-7", limit: 1).folder == "\(folder.path)/gateway-7")
    }

    /// While workers of a killed supervisor still drain below it, systemd can put a new one into the service's group.
    @Test func aHelperOfSystemdReleasesTheGroup() throws {
        let (folder, place) = try hierarchy("cpu memory\n")
        let file = "\(folder.path)/cgroup.subtree_control"
        for stray in [nil, place, .init(mount: folder.path, folder: "\(folder.path)/\(WorkerGroups.ownName)")] {
            try WorkerGroups.release(stray)
            #expect(try SmallFile.read(file) == "")
        }
        try WorkerGroups.release(.init(mount: folder.path, folder: "\(folder.path)/.control"))
        #expect(try SmallFile.read(file) == "-memory")
    }

    @Test func theProgramAfterAnUpgradeFindsThemAgain() throws {
        let (folder, place) = try hierarchy("memory\n")
        _ = try WorkerGroups(place) { _ in true }.admit(7, name: WorkerGroups.name(.gateway, 7), limit: 1_000)
        let groups = try WorkerGroups(place) { _ in true }
        try "5000\n".write(toFile: "\(folder.path)/gateway-7/memory.current", atomically: true, encoding: .utf8)
        try "inactive_file 200\n".write(
            toFile: "\(folder.path)/gateway-7/memory.stat", atomically: true, encoding: .utf8)
        let found = try #require(groups.find("gateway-7", of: 7))
        #expect(found.memory == 4_800)
        #expect(groups.find("gateway-7", of: 8) == nil, "somebody else's")
        #expect(groups.find("gateway-9", of: 9) == nil)
    }

    @Test func whatSupervisorsBeforeLeftIsRemoved() throws {
        let (folder, place) = try hierarchy("memory\n")
        for name in ["keyring-12", "admin-13", "gateway-x", "other-14", "gateway-15-1"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)", withIntermediateDirectories: false)
        }
        _ = try WorkerGroups(place) { _ in true }
        let left = try Set(FileManager.default.contentsOfDirectory(atPath: folder.path))
        // gateway-7 has files here, as a group with a process in it cannot be removed either.
        #expect(left.isSuperset(of: ["gateway-7", "gateway-x", "other-14", "gateway-15-1"]))
        #expect(left.isDisjoint(with: ["keyring-12", "admin-13"]))
    }

    @Test func memoryIsTheWorkingSet() throws {
        let folder = try ConfigurationFolder([:])
        try "5000\n".write(toFile: "\(folder.path)/memory.current", atomically: true, encoding: .utf8)
        try "anon 3000\ninactive_file 1200\nactive_file 1\n".write(
            toFile: "\(folder.path)/memory.stat", atomically: true, encoding: .utf8)
        let hierarchy = try hierarchy("memory\n")
        let groups = try WorkerGroups(hierarchy.place) { _ in true }
        #expect(WorkerGroup(name: "a", folder: folder.path, groups: groups).memory == 3_800)
        #expect(WorkerGroup(name: "b", folder: "\(folder.path)/none", groups: groups).memory == nil)
        try "anon 1\n".write(toFile: "\(folder.path)/memory.stat", atomically: true, encoding: .utf8)
        #expect(WorkerGroup(name: "a", folder: folder.path, groups: groups).memory == 5_000)
    }

    /// The places of one process, as two kinds of machines and a container show them.
    @Test func places() {
        let hybrid = ControlGroups(
            mounts: """
                32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
                41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
                """, memberships: "1:cpu:/a\n0::/\n")
        #expect(hybrid.unified == .init(mount: "/sys/fs/cgroup/unified", folder: "/sys/fs/cgroup/unified"))
        #expect(hybrid.cpu == .init(mount: "/sys/fs/cgroup/cpu", folder: "/sys/fs/cgroup/cpu/a"))
        let unified = ControlGroups(
            mounts: "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate",
            memberships: "0::/system.slice/lychgate.service\n")
        #expect(
            unified.unified?.chain == [
                "/sys/fs/cgroup/system.slice/lychgate.service", "/sys/fs/cgroup/system.slice", "/sys/fs/cgroup",
            ])
        // Docker with version 1: only the container's part is mounted.
        let part = ControlGroups(
            mounts: "32 31 0:29 /docker/1f /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpuacct,cpu",
            memberships: "4:cpuacct,cpu:/docker/1f\n")
        #expect(part.cpu == .init(mount: "/sys/fs/cgroup/cpu", folder: "/sys/fs/cgroup/cpu"))
        #expect(ControlGroups(mounts: "", memberships: "0::/\n").unified == nil)
    }

    @Test func theReserveGivesAndTakes() {
        let reserve = DescriptorReserve()
        #expect(reserve.isFull)
        reserve.release()
        #expect(!reserve.isFull)
        reserve.refill()
        #expect(reserve.isFull)
    }
}
