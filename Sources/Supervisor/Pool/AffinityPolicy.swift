// SPDX-License-Identifier: Apache-2.0

/// On which processor a gateway worker runs, where workers are pinned (`workers.cpuAffinity`). Pure.
enum AffinityPolicy {
    /// The processor with the fewest workers, the first of them.
    ///
    /// - Parameters:
    ///   - usable: the processors that the supervisor itself may run on.
    ///   - taken: those of the workers that stay, one entry for each; who drains, or is being replaced by this very
    ///     worker, is left out.
    /// - Returns: nil: nothing is usable.
    static func choose(among usable: [Int], taken: [Int]) -> Int? {
        var workers: [Int: Int] = [:]
        for processor in taken { workers[processor, default: 0] += 1 }
        return usable.min { (workers[$0] ?? 0, $0) < (workers[$1] ?? 0, $1) }
    }
}
