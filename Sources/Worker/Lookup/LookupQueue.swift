// SPDX-License-Identifier: Apache-2.0

/// Which look-ups go on and which wait for their turn, within two bounds. Pure.
struct LookupQueue: Equatable {
    enum Admission: Equatable {
        case start
        case wait
        case refuse
    }

    let maxRunning: Int
    let maxWaiting: Int
    private(set) var running = 0
    /// In the order of their coming.
    private(set) var waiting: [UInt64] = []

    init(maxRunning: Int, maxWaiting: Int) {
        self.maxRunning = maxRunning
        self.maxWaiting = maxWaiting
    }

    mutating func enter(_ ticket: UInt64) -> Admission {
        if running < maxRunning {
            running += 1
            return .start
        }
        guard waiting.count < maxWaiting else { return .refuse }
        waiting.append(ticket)
        return .wait
    }

    /// One that went on has ended; whose turn it is now. The one named is counted as going on.
    mutating func leaveRunning() -> UInt64? {
        running -= 1
        guard running < maxRunning, !waiting.isEmpty else { return nil }
        running += 1
        return waiting.removeFirst()
    }

    mutating func leaveWaiting(_ ticket: UInt64) {
        waiting.removeAll { $0 == ticket }
    }
}
