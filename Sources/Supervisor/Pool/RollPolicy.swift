// SPDX-License-Identifier: Apache-2.0

/// How the pool goes over from one edition to another, one worker at a time. Pure.
enum RollPolicy {
    enum Step: Equatable, Sendable {
        /// A worker of the new edition takes this one's place.
        case replace(old: Int)
        case grow
        case shrink(old: Int)
        case done
    }

    /// - Parameters:
    ///   - old: slots that workers of another edition hold.
    ///   - new: how many slots workers of the wanted edition hold.
    ///   - target: how many workers the wanted edition has.
    static func next(old: [Int], new: Int, target: Int) -> Step {
        guard let first = old.first else { return new < target ? .grow : .done }
        return new < target ? .replace(old: first) : .shrink(old: first)
    }

    /// Ready workers that must be left when one drains: as many as there are, but no more than the smaller pool has.
    static func floor(ready: Int, from: Int, to: Int) -> Int { min(ready, from, to) }
}
