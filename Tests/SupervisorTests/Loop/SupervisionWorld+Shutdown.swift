// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

extension SupervisionWorld {
    mutating func stop() {
        perform(shutdown.requested(now))
        for _ in 0..<400 where finished == nil {
            for slot in alive.keys.sorted() where Int.random(in: 0..<30, using: &random) == 0 { die(slot) }
            if Int.random(in: 0..<60, using: &random) == 0 { perform(shutdown.requested(now)) }
            advance(.milliseconds(Int.random(in: 0...500, using: &random)))
            check()
        }
    }

    mutating func perform(_ action: ShutdownStateMachine.Action) {
        switch action {
        case .none: break
        case .announce: #expect(shutdown.nextDeadline <= now + .seconds(5))
        case .drainGateways(let drain, let hard):
            #expect(drain <= hard && hard < shutdown.nextDeadline, "deadlines nest")
            policy.stop()
            replacement.stop()
            for held in ledger.giveUpHeld(until: .never) { lose(held.rawValue) }
            for slot in 0..<Self.gateways { tellToDrain(slot, hard) }
            gone()
        case .drainKeyring(let deadline):
            #expect(deadline < shutdown.nextDeadline)
            tellToDrain(Self.gateways, deadline)
            gone()
        case .cut(let hard):
            #expect(hard < shutdown.nextDeadline)
            replacement.stop()
            for slot in slots.indices { tellToDrain(slot, hard) }
            gone()
        case .kill: for slot in slots.indices { act(slots[slot].kill(.forced), slot) }
        case .finish(let code):
            #expect(finished == nil, "finished twice")
            finished = code
        }
    }

    mutating func tellToDrain(_ slot: Int, _ deadline: Instant) {
        if slots[slot].drain(deadline: deadline, last: true), let id = alive[slot], slot < Self.gateways {
            ledger.workerStopsAccepting(id)
        }
    }

    mutating func gone() {
        let left = slots[..<Self.gateways].count { $0.state != .gone }
        perform(
            shutdown.childGone(
                gatewaysLeft: left, keyringLeft: slots[Self.gateways].state != .gone, now: now))
    }
}
