// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("When freed memory is given back")
struct MemoryTrimPolicyTests {
    @Test(
        "Once, when a large wave has gone, and once when nobody is left",
        arguments: [
            [
                (10, false), (2_000, false), (1_500, false), (900, false), (890, true), (889, false), (0, false),
                (0, true),
            ],
            [(2_000, false), (0, false), (0, true), (0, false)],
            [(MemoryTrimPolicy.smallest - 1, false), (1, false), (1, false)],
            [(0, false), (0, false), (1, false), (0, false), (0, true), (0, false), (0, false)],
            [(1, false), (0, false), (1, false), (0, false), (0, true)],
        ])
    func waves(steps: [(connections: Int, trims: Bool)]) {
        var policy = MemoryTrimPolicy()
        for step in steps {
            let trims = policy.shouldTrim(connections: step.connections)
            #expect(trims == step.trims, "at \(step.connections)")
        }
    }
}
