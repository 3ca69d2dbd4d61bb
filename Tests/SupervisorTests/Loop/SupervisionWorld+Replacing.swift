// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

extension SupervisionWorld {
    var readyGateways: Int { slots[..<Self.gateways].count { $0.state == .ready } }

    mutating func recycle(_ slot: Int) {
        guard slot < Self.gateways, shutdown.state == .running, replacement.isIdle, slots[slot].state == .ready,
            rolling.isEmpty, !slots[..<Self.gateways].contains(where: { $0.isLeaving }),
            readyGateways >= Self.target, let spare = slots[..<Self.gateways].firstIndex(where: { $0.state == .gone })
        else { return }
        replacement.begin(.init(old: slot, new: spare, floor: Self.target, reason: .maxAge))
        slots[spare].open(now, startAllowance: .seconds(30))
        act(slots[spare].timeReached(now), spare)
    }

    /// Its worker has not been told to leave.
    func serves(_ slot: Int) -> Bool { slots[slot].state != .gone && !slots[slot].isLeaving }

    /// The next step of a roll, as `WorkerPool.advanceRoll` takes it.
    mutating func rollOn() {
        guard shutdown.state == .running, replacement.isIdle else { return }
        rolling = rolling.filter { serves($0) }
        let gateways = slots[..<Self.gateways]
        let draining = gateways.count { $0.isLeaving }
        guard let old = rolling.first, draining < Self.target,
            let spare = gateways.firstIndex(where: { $0.state == .gone })
        else { return }
        let floor = RollPolicy.floor(ready: readyGateways, from: Self.target, to: Self.target)
        replacement.begin(.init(old: old, new: spare, floor: floor, reason: .roll, mayOverlap: true))
        floorOfRoll = floor
        slots[spare].open(now, startAllowance: .seconds(30))
        act(slots[spare].timeReached(now), spare)
    }

    mutating func look() {
        let slots = slots
        perform(
            replacement.look { old in slots[..<Self.gateways].indices.count { slots[$0].state == .ready && $0 != old } }
        )
    }

    mutating func perform(_ action: ReplacementStateMachine.Action) {
        switch action {
        case .none: break
        case .drain(let slot, let reason):
            // A roll's old workers may drain beside one another; whoever recycles for itself waits for all of them.
            if reason == .roll { rolled += 1 } else { #expect(voluntary.isEmpty, "two voluntary recycles at once") }
            tellToDrain(slot, now + .seconds(45))
            #expect(readyGateways >= (reason == .roll ? floorOfRoll : Self.target), "below the floor")
            if slots[slot].state == .gone {
                perform(replacement.gone(slot: slot))
            } else if reason != .roll {
                voluntary.insert(slot)
            }
        case .fail(let job):
            if let new = job.new { #expect(slots[new].drain(deadline: now, last: true) == false) }
        case .done(let job):
            recycled += 1
            if let old = job.old { voluntary.remove(old) }
        }
    }
}
