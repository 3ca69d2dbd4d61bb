// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct RollPolicyTests {
    @Test(arguments: [
        ([0, 1], 0, 2, RollPolicy.Step.replace(old: 0)), ([1], 1, 2, .replace(old: 1)), ([], 2, 2, .done),
        ([], 2, 3, .grow), ([], 0, 1, .grow), ([2], 1, 1, .shrink(old: 2)), ([0, 1, 2], 0, 1, .replace(old: 0)),
        ([1, 2], 1, 1, .shrink(old: 1)), ([], 3, 3, .done),
    ])
    func steps(old: [Int], new: Int, target: Int, step: RollPolicy.Step) {
        #expect(RollPolicy.next(old: old, new: new, draining: 0, target: target) == step)
    }

    /// Old ones drain beside the steps, but no more of them than there should be workers; the roll ends with the last.
    @Test(arguments: [
        ([1, 2], 1, 1, 3, RollPolicy.Step.replace(old: 1)), ([2], 2, 2, 3, .replace(old: 2)), ([], 3, 3, 3, .wait),
        ([], 3, 1, 3, .wait), ([], 3, 0, 3, .done), ([3], 1, 1, 1, .wait), ([3], 1, 0, 1, .shrink(old: 3)),
        ([], 1, 2, 3, .grow),
    ])
    func drainingOnes(old: [Int], new: Int, draining: Int, target: Int, step: RollPolicy.Step) {
        #expect(RollPolicy.next(old: old, new: new, draining: draining, target: target) == step)
    }

    /// Any two pools, with a failure after any number of replacements: every roll ends, in either edition.
    @Test(arguments: 1...6, 1...6)
    func everyRollEnds(from: Int, to: Int) {
        for failsAfter in 0...max(from, to) {
            // Slots by number: true: the new edition.
            var slots = Dictionary(uniqueKeysWithValues: (0..<from).map { ($0, false) })
            var wanted = true
            var steps = 0
            var next = from
            while true {
                let target = wanted ? to : from
                let old = slots.filter { $0.value != wanted }.keys.sorted()
                let step = RollPolicy.next(
                    old: old, new: slots.count - old.count, draining: 0, target: target)
                if step == .done { break }
                steps += 1
                if wanted, steps > failsAfter {
                    wanted = false
                    continue
                }
                switch step {
                case .replace(let number):
                    slots[number] = nil
                    slots[next] = wanted
                case .grow: slots[next] = wanted
                case .shrink(let number): slots[number] = nil
                case .wait, .done: break
                }
                next += 1
                #expect(slots.count >= min(from, to) && slots.count <= max(from, to))
                guard steps < 100 else { break }
            }
            #expect(slots.count == (wanted ? to : from))
            #expect(slots.values.allSatisfy { $0 == wanted })
        }
    }

    @Test(arguments: [(2, 2, 2, 2), (1, 2, 2, 1), (0, 2, 2, 0), (3, 3, 1, 1), (2, 2, 5, 2)])
    func theFloor(ready: Int, from: Int, to: Int, floor: Int) {
        #expect(RollPolicy.floor(ready: ready, from: from, to: to) == floor)
    }
}
