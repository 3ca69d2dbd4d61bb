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
        #expect(HealthPolicy(now).judge(heartbeat: .zero + .seconds(seconds), now: now) == verdict)
    }

    /// Looks at these seconds, with a heartbeat that stands still from 100 on; what is made of it at the last.
    @Test(
        arguments: [
            ([100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111], HealthPolicy.Verdict.hung),
            // A machine under load: late, and not away.
            ([100, 103, 106, 109, 111], .hung),
            // The supervisor was away itself: nobody is hung before another 10 s.
            ([100, 130], .sluggish), ([100, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139], .sluggish),
            ([100, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140], .hung),
            // Before the first look of all.
            ([130], .sluggish),
            // Away once more.
            ([100, 130, 133, 136, 139, 160], .sluggish),
        ])
    func afterAPauseOfTheWhole(looks: [Int], verdict: HealthPolicy.Verdict) {
        var policy = HealthPolicy(.zero + .seconds(99))
        for second in looks { policy.looks(.zero + .seconds(second)) }
        let now = Instant.zero + .seconds(looks.last ?? 0)
        #expect(policy.judge(heartbeat: .zero + .seconds(100), now: now) == verdict)
        #expect(policy.judge(heartbeat: now, now: now) == .healthy)
    }
}

@Suite struct RefreshPolicyTests {
    let start = Instant.zero + .seconds(100)

    @Test func atMostOncePerSecondAndNobodyIsForgotten() {
        for issuer: UInt16? in [0, 63, nil] {
            var policy = RefreshPolicy()
            #expect(policy.wanted(issuer, start) == .now)
            #expect(policy.wanted(issuer, start + .milliseconds(300)) == .at(start + .seconds(1)))
            #expect(policy.wanted(issuer, start + .milliseconds(400)) == .alreadyPlanned)
            #expect(policy.isPlanned)
            #expect(policy.due(start + .milliseconds(999)) == [])
            #expect(policy.due(start + .seconds(1)) == [issuer])
            #expect(!policy.isPlanned)
            #expect(policy.wanted(issuer, start + .milliseconds(1_500)) == .at(start + .seconds(2)))
            #expect(policy.due(start + .seconds(2)) == [issuer])
            #expect(policy.wanted(issuer, start + .seconds(3)) == .now)
        }
    }

    /// However often one issuer's keys are asked for, another's are asked for at once.
    @Test func eachIssuerHasALimitOfItsOwn() {
        var policy = RefreshPolicy()
        for issuer in UInt16(0)..<64 {
            #expect(policy.wanted(issuer, start) == .now)
            #expect(policy.wanted(issuer, start + .milliseconds(Int(issuer))) == .at(start + .seconds(1)))
        }
        #expect(policy.wanted(nil, start) == .now)
        #expect(policy.due(start + .seconds(1)) == (0..<64).map { UInt16($0) })
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
