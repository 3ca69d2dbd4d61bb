// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

extension SupervisionWorld {
    /// As `WorkerPool` looks at all children once a second.
    mutating func lookAfterHealth() {
        health.looks(now)
        for slot in alive.keys.sorted() where health.judge(heartbeat: beats[slot] ?? .zero, now: now) == .hung {
            #expect(hanging[slot] != nil, "called hung, although it only had no turn")
            let action = slots[slot].hung(now)
            if action != .none { hangsFound += 1 }
            act(action, slot)
        }
        for (slot, since) in hanging where beats[slot] != nil {
            let time = now.since(max(since, resumed))
            guard time > HealthPolicy.heartbeatAllowance + HealthPolicy.interval * 2 else { continue }
            switch slots[slot].state {
            case .aborted, .killed: break
            default: Issue.record("slot \(slot) hangs and nobody sees it")
            }
        }
    }

    /// Nobody has a turn for a while, the supervisor included, which is the first to go on.
    mutating func pause() {
        now = now + .milliseconds(Int.random(in: 4_000...60_000, using: &random))
        resumed = now
        pauses += 1
        turn()
    }

    /// Our copy of it was given up: its worker alone has it.
    mutating func forget(_ raw: UInt64) {
        #expect(copies.remove(raw) != nil, "forgotten without having been held")
        guard let id = handed.first(where: { $0.value.contains(raw) })?.key else {
            Issue.record("forgotten, although no worker has it")
            return
        }
        handed[id]?.removeAll { $0 == raw }
        forgotten[id, default: []].append(raw)
    }
}
