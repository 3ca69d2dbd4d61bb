// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

@testable import Supervisor

@Suite struct HealthPolicyTests {
    let now = Instant.zero + .seconds(100)

    @Test(arguments: [
        (0, HealthPolicy.Verdict.healthy),  // never stamped: the start deadline rules
        (89, .hung), (90, .sluggish), (97, .sluggish), (98, .healthy), (100, .healthy),
        (101, .healthy),  // stamped while we looked
    ])
    func heartbeat(seconds: Int, verdict: HealthPolicy.Verdict) {
        #expect(HealthPolicy.judge(heartbeat: .zero + .seconds(seconds), now: now) == verdict)
    }
}

@Suite struct RefreshPolicyTests {
    let start = Instant.zero + .seconds(100)

    @Test func atMostOncePerSecondAndNobodyIsForgotten() {
        var policy = RefreshPolicy()
        #expect(policy.wanted(start) == .now)
        #expect(policy.wanted(start + .milliseconds(300)) == .at(start + .seconds(1)))
        #expect(policy.wanted(start + .milliseconds(400)) == .alreadyPlanned)
        policy.due(start + .seconds(1))
        #expect(policy.wanted(start + .milliseconds(1_500)) == .at(start + .seconds(2)))
        policy.due(start + .seconds(2))
        #expect(policy.wanted(start + .seconds(3)) == .now)
    }
}

@Suite struct WorkerCountTests {
    @Test(
        arguments: [
            (nil, 8, nil, 8), (nil, 8, 2, 2), (nil, 2, 4, 2), (3, 8, 1, 3), (0, 8, nil, 1), (9_999, 8, nil, 256),
        ] as [(Int?, Int, Int?, Int)])
    func workers(configured: Int?, cores: Int, quota: Int?, expected: Int) {
        #expect(WorkerCount.workers(configured: configured, cores: cores, quota: quota) == expected)
    }

    @Test(
        arguments: [
            ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000\n", 2), ("50000 100000\n", 1), ("", nil),
            ("x y", nil), ("1 0", nil),
        ] as [(String, Int?)])
    func quota(text: String, expected: Int?) {
        #expect(WorkerCount.quota(cpuMax: text) == expected)
    }

    @Test(arguments: [
        ("200000\n", "100000\n", 2), ("150000", "100000", 2), ("-1\n", "100000\n", nil), ("", "", nil), ("1", "0", nil),
    ])
    func quotaOfVersion1(quota: String, period: String, expected: Int?) {
        #expect(WorkerCount.quota(microseconds: quota, period: period) == expected)
    }

    /// The least of a group's own and those above it counts, in whichever version.
    @Test func quotas() throws {
        let folder = try ConfigurationFolder([:])
        let path = folder.path
        for (file, text) in [
            ("two/cpu.max", "max 100000"), ("two/a/cpu.max", "300000 100000"), ("two/a/b/cpu.max", "800000 100000"),
            ("one/x/cpu.cfs_quota_us", "-1"), ("one/x/cpu.cfs_period_us", "100000"),
            ("one/cpu.cfs_quota_us", "500000"), ("one/cpu.cfs_period_us", "100000"),
        ] {
            let file = URL(fileURLWithPath: "\(path)/\(file)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        func groups(_ mounts: String) -> ControlGroups {
            ControlGroups(mounts: mounts, memberships: "4:cpu,cpuacct:/x\n0::/a/b\n")
        }
        let two = "41 31 0:38 / \(path)/two rw shared:9 - cgroup2 cgroup2 rw\n"
        let one = "32 31 0:29 / \(path)/one rw - cgroup cgroup rw,cpu,cpuacct\n"
        #expect(WorkerCount.ownQuota(groups(two)) == 3)
        #expect(WorkerCount.ownQuota(groups(one)) == 5)
        #expect(WorkerCount.ownQuota(groups(one + two)) == 3)
        #expect(WorkerCount.ownQuota(groups("")) == nil)
    }
}

@Suite struct CreditsTests {
    @Test(arguments: [(8_192, 1_048_576, 8_192), (8_192, 1_024, 480), (100, 1_024, 100), (100, 64, 8)])
    func boundedByDescriptors(configured: Int, limit: Int, expected: Int) {
        #expect(WorkerPool.credits(configured, descriptorLimit: limit) == expected)
    }
}

@Suite struct KeyStoreTests {
    @Test func theNewestSetReplacesTheOneBefore() throws {
        var store = KeyStore()
        #expect(store.raw == nil)
        let stored = store.replace(with: try MemoryFile.sealed(name: "keys", bytes: [1]), generation: 7)
        #expect(stored)
        #expect(store.generation == 7)
        let again = store.replace(with: try MemoryFile.sealed(name: "keys", bytes: [2]), generation: 1)
        #expect(again, "a new keyring counts from 1")
        #expect(store.generation == 8)
    }

    @Test func whatCouldStillBeChangedIsRefused() throws {
        var store = KeyStore()
        let open = store.replace(with: try PanelReader.makeFile(rows: 1), generation: 1)
        #expect(!open)
        let empty = store.replace(with: try MemoryFile.sealed(name: "keys", bytes: []), generation: 1)
        #expect(!empty)
        #expect(store.raw == nil)
        #expect(store.generation == 0)
    }
}
