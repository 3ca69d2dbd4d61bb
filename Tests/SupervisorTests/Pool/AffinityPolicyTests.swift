// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct AffinityPolicyTests {
    @Test(
        arguments: [
            ([0, 1, 2], [], 0), ([0, 1, 2], [0], 1), ([0, 1, 2], [0, 1, 2], 0), ([0, 1, 2], [0, 0, 1, 1, 2], 2),
            // The processors of a container, and a worker that was bound when there were others.
            ([5, 9], [5], 9), ([5, 9], [2, 5, 9, 9], 5), ([], [1], nil),
        ] as [([Int], [Int], Int?)])
    func fewestWorkers(usable: [Int], taken: [Int], choice: Int?) {
        #expect(AffinityPolicy.choose(among: usable, taken: taken) == choice)
    }

    /// Whatever is replaced, and whoever dies, no processor ever has two workers more than another.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func processorsStayLevel(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let usable = Array(0..<Int.random(in: 1...6, using: &random))
        var workers: [Int] = []
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            workers.append(try #require(AffinityPolicy.choose(among: usable, taken: workers)))
        }
        for _ in 0..<200 {
            // Its successor starts beside it, or after it: either way it is not counted.
            workers.remove(at: Int.random(in: workers.indices, using: &random))
            workers.append(try #require(AffinityPolicy.choose(among: usable, taken: workers)))
            let counts = usable.map { processor in workers.count { $0 == processor } }
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "\(counts)")
        }
    }
}
