// SPDX-License-Identifier: Apache-2.0

/// How the pool goes over from one edition to another, one worker at a time. Pure.
enum RollPolicy {
    enum Step: Equatable, Sendable {
        /// A worker of the new edition takes this one's place.
        case replace(old: Int)
        case grow
        case shrink(old: Int)
        /// All of them are replaced, and some of the old ones still drain.
        case wait
        case done
    }

    /// Old workers that drain while the roll goes on, for each that there should be: what they hold is memory.
    static let mostDraining = 1

    /// - Parameters:
    ///   - old: slots that workers of another edition hold, and that were not told to drain.
    ///   - new: how many slots workers of the wanted edition hold, likewise.
    ///   - draining: how many were told to drain and are still there.
    ///   - target: how many workers the wanted edition has.
    static func next(old: [Int], new: Int, draining: Int, target: Int) -> Step {
        guard let first = old.first else { return new < target ? .grow : draining > 0 ? .wait : .done }
        if draining >= max(target, 1) * mostDraining { return .wait }
        return new < target ? .replace(old: first) : .shrink(old: first)
    }

    /// Ready workers that must be left when one drains: as many as there are, but no more than the smaller pool has.
    static func floor(ready: Int, from: Int, to: Int) -> Int { min(ready, from, to) }
}
