// SPDX-License-Identifier: Apache-2.0

/// One child as the supervisor sees it, on the supervisor's panel.
package struct ProcessRow: Equatable, Sendable {
    package enum State: UInt64, CaseIterable, Sendable {
        case waiting = 1
        case starting = 2
        case ready = 3
        case draining = 4
        case ending = 5
        case gone = 6

        /// In one word, as `lychgate status` and metrics have it.
        package var name: String { "\(self)" }
    }

    package var slot: UInt64 = 0
    package var generation: UInt64 = 0
    package var role: UInt64 = 0
    /// 0: the row is free.
    package var pid: UInt64 = 0
    package var state: UInt64 = 0
    /// Anonymous memory, in bytes.
    package var memoryBytes: UInt64 = 0
    /// Deaths in a row of processes of this slot that died young.
    package var youngDeaths: UInt64 = 0

    package init() {}

    init(_ load: (Int) -> UInt64) {
        slot = load(0)
        generation = load(1)
        role = load(2)
        pid = load(3)
        state = load(4)
        memoryBytes = load(5)
        youngDeaths = load(6)
    }

    func store(_ put: (Int, UInt64) -> Void) {
        for (index, word) in [slot, generation, role, pid, state, memoryBytes, youngDeaths].enumerated() {
            put(index, word)
        }
    }
}
