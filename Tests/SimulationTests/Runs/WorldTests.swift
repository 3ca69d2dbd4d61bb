// SPDX-License-Identifier: Apache-2.0

import Testing

/// Whole worlds, see `Simulation`. `make simulate SEEDS=n` runs more of them.
@Suite struct WorldTests {
    /// Two halves, so that two cores can work.
    @Test(arguments: 0..<2) func worldsHold(half: Int) {
        guard Environment.tracedSeed == nil else { return }
        let count = Environment.seeds ?? 2_000
        let first = Environment.firstSeed
        let totals = Totals(seeds: stride(from: first + half, to: first + count, by: 2))
        print(totals.line)
        for (scenario, text) in totals.violations {
            Issue.record("\(scenario)\n\(text)")
            guard let small = Shrinking.smallest(scenario), small.scenario != scenario else { continue }
            print("smaller: \(small.scenario)\n\(small.violation)")
        }
    }

    @Test(arguments: Regressions.seeds) func regressionHolds(seed: UInt64) {
        #expect(Simulation.run(Scenario(seed: seed)).violation == nil)
    }

    @Test(arguments: [UInt64(3), 7, 19, 77, 123]) func sameSeedIsSameWorld(seed: UInt64) {
        let first = Simulation.run(Scenario(seed: seed))
        let second = Simulation.run(Scenario(seed: seed))
        #expect(first.hash == second.hash && first.events == second.events)
    }

    /// `LYCHGATE_TRACE=seed`: one world, line by line.
    @Test func traceOfOneWorld() {
        guard let seed = Environment.tracedSeed else { return }
        let outcome = Simulation.run(Scenario(seed: UInt64(seed)), recordsLines: true)
        for line in outcome.lines { print(line) }
        print(outcome.violation ?? "no violation", String(outcome.hash, radix: 16))
    }
}
