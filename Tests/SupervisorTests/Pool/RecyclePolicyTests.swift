// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct RecyclePolicyTests {
    static let ready = Instant.zero + .seconds(100)
    static let configuration = RecyclingConfiguration(
        inFlightLimit: 10, memorySoft: 1_000, memoryHard: 2_000, maxRequests: 100, maxAge: .seconds(600),
        jitterPercent: 20)

    private func policy(_ configuration: RecyclingConfiguration = configuration, spread: Double = 0) -> RecyclePolicy {
        RecyclePolicy(configuration, maxInFlight: 50, spread: spread)
    }

    struct Row: CustomStringConvertible {
        var description: String
        var figures: RecyclePolicy.Figures
        var after = 20
        var spread = 0.0
        var isReady = true
        var verdict: RecyclePolicy.Verdict
    }

    @Test(arguments: [
        Row(description: "nothing", figures: .init(), verdict: .keep),
        Row(description: "memory unknown", figures: .init(memory: nil), verdict: .keep),
        Row(description: "at the soft limit", figures: .init(memory: 1_000), verdict: .keep),
        Row(description: "above the soft limit", figures: .init(memory: 1_001), verdict: .replace(.memorySoft)),
        Row(description: "soft, still settling", figures: .init(memory: 1_001), after: 9, verdict: .keep),
        Row(description: "soft, settled", figures: .init(memory: 1_001), after: 10, verdict: .replace(.memorySoft)),
        Row(description: "soft, draining", figures: .init(memory: 1_001), isReady: false, verdict: .keep),
        Row(description: "at the hard limit", figures: .init(memory: 2_000), verdict: .replace(.memorySoft)),
        Row(description: "above the hard limit", figures: .init(memory: 2_001), verdict: .kill(.memoryHard)),
        Row(description: "hard, settling", figures: .init(memory: 2_001), after: 0, verdict: .kill(.memoryHard)),
        Row(
            description: "hard, not ready", figures: .init(memory: 2_001), isReady: false,
            verdict: .kill(.memoryHard)),
        Row(description: "requests left", figures: .init(requests: 99), verdict: .keep),
        Row(description: "all requests", figures: .init(requests: 100), verdict: .replace(.maxRequests)),
        Row(description: "jitter", figures: .init(requests: 90), spread: 0.5, verdict: .replace(.maxRequests)),
        Row(description: "less than the jitter", figures: .init(requests: 89), spread: 0.5, verdict: .keep),
        Row(description: "not old", figures: .init(), after: 599, verdict: .keep),
        Row(description: "old", figures: .init(), after: 600, verdict: .replace(.maxAge)),
        Row(description: "old with jitter", figures: .init(), after: 540, spread: 0.5, verdict: .replace(.maxAge)),
    ])
    func judgement(row: Row) {
        var policy = policy(spread: row.spread)
        let verdict = policy.judge(
            row.figures, readySince: row.isReady ? Self.ready : nil, now: Self.ready + .seconds(row.after))
        #expect(verdict == row.verdict)
    }

    /// Figures per second, and the second in which it is replaced.
    @Test(
        arguments: [
            ([0, 0, 1, 1, 1, 1, 1, 1], 7), ([1, 1, 1, 1, 1, 1], 5), ([1, 1, 1, 1, 0, 1, 1, 1, 1, 1], nil),
            ([2, 0, 2, 0, 2, 0, 2], nil),
        ] as [([UInt64], Int?)])
    func orphansMustLast(orphans: [UInt64], replaced: Int?) {
        var policy = policy()
        var first: Int?
        for (second, count) in orphans.enumerated() {
            let now = Self.ready + .seconds(20 + second)
            if policy.judge(.init(orphans: count), readySince: Self.ready, now: now) == .replace(.orphans) {
                first = first ?? second
            }
        }
        #expect(first == replaced)
    }

    /// An explicit limit judges by itself.
    @Test(arguments: [(10, 10, false), (10, 11, true), (49, 50, true)] as [(Int, UInt64, Bool)])
    func tooMuchInFlight(limit: Int, inFlight: UInt64, replaced: Bool) {
        var configuration = Self.configuration
        configuration.inFlightLimit = limit
        var policy = policy(configuration)
        let start = Self.ready + .seconds(20)
        #expect(policy.judge(.init(inFlight: inFlight), readySince: Self.ready, now: start) == .keep)
        let later = policy.judge(.init(inFlight: inFlight), readySince: Self.ready, now: start + .seconds(5))
        #expect(later == (replaced ? .replace(.inFlight) : .keep))
    }

    /// What is in flight (50 at most) and how many refusals there were, each second; in which of them it is replaced.
    struct Crowd: CustomStringConvertible {
        var description: String
        var inFlight: [UInt64]
        var refusals: [UInt64]
        var limit: Int?
        var replaced: Int?
    }

    @Test(arguments: [
        Crowd(
            description: "full and refusing", inFlight: [50, 50, 50, 50, 50, 50, 50],
            refusals: [0, 1, 2, 3, 4, 5, 6], replaced: 6),
        Crowd(
            description: "full of watches", inFlight: [50, 50, 50, 50, 50, 50, 50, 50],
            refusals: [9, 9, 9, 9, 9, 9, 9, 9]),
        Crowd(
            description: "refusing now and then", inFlight: [50, 50, 50, 50, 50, 50, 50, 50, 50],
            refusals: [0, 1, 2, 3, 3, 4, 5, 6, 7]),
        Crowd(
            description: "refusing for want of buffers", inFlight: [9, 9, 9, 9, 9, 9, 9, 9],
            refusals: [0, 1, 2, 3, 4, 5, 6, 7]),
        Crowd(
            description: "a limit that is none", inFlight: [50, 50, 50, 50, 50, 50, 50],
            refusals: [0, 1, 2, 3, 4, 5, 6], limit: 50, replaced: 6),
    ])
    func crowded(crowd: Crowd) {
        var configuration = Self.configuration
        configuration.inFlightLimit = crowd.limit
        var policy = policy(configuration)
        var first: Int?
        for (second, (inFlight, refusals)) in zip(crowd.inFlight, crowd.refusals).enumerated() {
            let verdict = policy.judge(
                .init(inFlight: inFlight, refusals: refusals), readySince: Self.ready,
                now: Self.ready + .seconds(20 + second))
            if verdict == .replace(.inFlight) { first = first ?? second }
        }
        #expect(first == crowd.replaced)
    }

    @Test func zeroMeansNever() {
        var configuration = Self.configuration
        configuration.maxRequests = 0
        configuration.maxAge = .zero
        var policy = policy(configuration)
        let verdict = policy.judge(
            .init(requests: .max), readySince: Self.ready, now: Self.ready + .seconds(10_000_000))
        #expect(verdict == .keep)
    }

    @Test func workersSpread() {
        let spreads = (0..<64).map { RecyclePolicy.spread(pid: 1_000 + $0, id: .init(slot: Int($0), generation: 1)) }
        #expect(spreads.allSatisfy { (0..<1).contains($0) })
        #expect(Set(spreads).count == spreads.count)
        #expect(spreads.contains { $0 < 0.2 } && spreads.contains { $0 > 0.8 })
    }

    @Test func whatAnEndCountsAs() {
        let cases: [(SlotStateMachine.Reason?, toldToDrain: Bool, restarts: Bool, RecycleReason?)] = [
            (nil, false, true, .died),
            // It went as it was told, with a successor in its slot (the admin process at a restart) or without one.
            (nil, true, true, nil), (nil, true, false, nil), (nil, false, false, nil),
            (.memoryHard, false, true, .memoryHard), (.hung, true, false, .hung),
            (.startDeadline, false, true, .startDeadline),
            (.drainDeadline, true, false, nil), (.forced, false, true, nil),
        ]
        for (reason, toldToDrain, restarts, expected) in cases {
            #expect(
                RecycleReason(endedFor: reason, wasToldToDrain: toldToDrain, restarts: restarts) == expected,
                "\(String(describing: reason)) \(toldToDrain) \(restarts)")
        }
    }

    @Test func theMetricHasTheReasonsOfTheStatus() {
        #expect(RecycleReason.allCases.map { ChildEnd($0).name } == RecycleReason.allCases.map(\.rawValue))
        #expect(ChildEnd.allCases.count == RecycleReason.allCases.count)
        #expect(ChildEnd.allCases.allSatisfy { $0.rawValue < PanelTable.recycles.count })
    }
}
