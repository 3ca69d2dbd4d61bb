// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

extension SupervisionWorld {
    /// What must hold after every step.
    func check() {
        #expect(spawned == reaped + alive.count)
        if shutdown.state == .running {
            let held = slots[..<Self.gateways].count { $0.state != .gone }
            #expect(held >= Self.target && held <= Self.gateways, "as many workers as there should be")
        }
        for (index, slot) in slots.enumerated() {
            #expect(slot.hasProcess == (alive[index] != nil), "slot \(index) and its process disagree")
        }
        let counts = ledger.counts
        #expect(
            counts.accepted == counts.claimed + counts.closedUnclaimed + counts.lost + (counts.forgotten ?? 0)
                + UInt64(ledger.unclaimed))
        #expect(ledger.forgotten.count == forgotten.values.reduce(0) { $0 + $1.count })
        #expect(copies.count == ledger.unclaimed)
        #expect(lost.isDisjoint(with: copies), "both lost and held")
        #expect(UInt64(lost.count) == counts.lost)
        for id in alive.values {
            guard id.slot < Self.gateways, let credits = ledger.credits(of: id) else { continue }
            #expect((0...Self.credits).contains(credits))
            let theirs = [handed[id], claimed[id], forgotten[id]].reduce(0) { $0 + ($1?.count ?? 0) }
            #expect(ledger.connections(of: id) == theirs)
        }
    }
}
