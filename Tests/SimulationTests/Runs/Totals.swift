// SPDX-License-Identifier: Apache-2.0

/// What many worlds add up to.
struct Totals {
    private(set) var worlds = 0
    private(set) var virtualSeconds: Int64 = 0
    private(set) var faults = 0
    private(set) var requests = 0
    private(set) var invariants = 0
    /// Of all traces: two runs of the same worlds have the same.
    private(set) var hash: UInt64 = 0
    private(set) var violations: [(scenario: Scenario, text: String)] = []

    /// Runs worlds until there are enough, or until a few have failed.
    init(seeds: some Sequence<Int>, most: Int = 5) {
        for seed in seeds where violations.count < most {
            let scenario = Scenario(seed: UInt64(seed))
            let outcome = Simulation.run(scenario)
            worlds += 1
            virtualSeconds += outcome.elapsed.components.seconds
            faults += outcome.counts.faults
            requests += outcome.counts.requests
            invariants += outcome.counts.invariants
            hash = (hash ^ outcome.hash) &* 0x0000_0100_0000_01b3
            if let violation = outcome.violation { violations.append((scenario, violation)) }
        }
    }

    /// For people, and for `scripts/simulate`, which adds such lines up.
    var line: String {
        "simulated: worlds \(worlds) virtual_seconds \(virtualSeconds) faults \(faults) requests \(requests) "
            + "invariants \(invariants) violations \(violations.count) hash \(String(hash, radix: 16))"
    }
}
