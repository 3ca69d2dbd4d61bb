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
            counts.accepted == counts.claimed + counts.closedUnclaimed + counts.lost + UInt64(ledger.unclaimed))
        #expect(copies.count == ledger.unclaimed)
        #expect(lost.isDisjoint(with: copies), "both lost and held")
        #expect(UInt64(lost.count) == counts.lost)
        for id in alive.values {
            guard id.slot < Self.gateways, let credits = ledger.credits(of: id) else { continue }
            #expect((0...Self.credits).contains(credits))
            #expect(ledger.connections(of: id) == (handed[id] ?? []).count + (claimed[id] ?? []).count)
        }
    }
}
