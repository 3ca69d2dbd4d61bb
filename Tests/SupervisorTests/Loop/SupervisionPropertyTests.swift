// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

/// Random worlds: the machines of the supervisor with modelled children, from a seed, with what must hold at every step.
@Suite struct SupervisionPropertyTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func invariantsHold(seed: UInt64) {
        var world = World(seed: seed)
        for _ in 0..<1_000 {
            world.step()
            world.check()
        }
        world.stop()
        #expect(world.finished == ExitCode.success)
        #expect(world.alive.isEmpty, "every child that was spawned is reaped")
        #expect(world.spawned == world.reaped)
        #expect(world.ledger.unclaimed == 0)
        #expect(world.copies.isEmpty, "no socket is left behind")
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

private struct World {
    /// Workers that there should be, and slots for them.
    static let target = 3
    static let gateways = 2 * target + 1
    static let credits = 5
    var random: SeededGenerator
    var now = Instant.zero + .seconds(1_000)
    var slots: [SlotStateMachine]
    var ledger: HandOffStateMachine
    var policy = AcceptPolicy()
    var shutdown = ShutdownStateMachine(delay: .seconds(5), drain: .seconds(30), hardStop: .seconds(45))
    /// Children that run, by slot.
    var alive: [Int: WorkerID] = [:]
    /// Told SIGKILL: nothing but their end may follow.
    var doomed = Set<Int>()
    var spawned = 0
    var reaped = 0
    var finished: Int32?
    var replacement = ReplacementStateMachine()
    /// Workers told to drain although others must go on.
    var voluntary = Set<Int>()
    var recycled = 0
    /// Workers that a roll has told to drain, and the slots that it has still to replace.
    var rolled = 0
    var rolling: [Int] = []
    var floorOfRoll = 0
    /// Our copies of sockets, as the driver keeps them.
    var copies = Set<UInt64>()
    var lost = Set<UInt64>()
    /// What each worker has claimed and not closed.
    var claimed: [WorkerID: [UInt64]] = [:]
    var handed: [WorkerID: [UInt64]] = [:]
    var graveyard: [WorkerID] = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let start = now
        slots = (0...Self.gateways).map {
            (Self.target..<Self.gateways).contains($0)
                ? .spare(startAllowance: .seconds(30), now: start)
                : SlotStateMachine(startAllowance: .seconds(30), now: start)
        }
        ledger = HandOffStateMachine(capacity: 12, slots: Self.gateways, holdAllowance: .seconds(10))
    }

    // MARK: Events

    mutating func step() {
        let slot = Int.random(in: 0..<slots.count, using: &random)
        switch Int.random(in: 0..<106, using: &random) {
        case 0..<20: advance(.milliseconds(Int.random(in: 0...3_000, using: &random)))
        case 20..<32: greet(slot)
        case 32..<44: becomeReady(slot)
        case 44..<60: accept()
        case 60..<72: claim(slot)
        case 72..<84: close(slot)
        case 84..<88: if alive[slot] != nil { die(slot) }
        case 88..<90: act(slots[slot].hung(now), slot)
        case 90..<92: if alive[slot] != nil { slots[slot].channelLost(now) }
        case 92..<94: if alive[slot] != nil { act(slots[slot].kill(.protocolError), slot) }
        case 94..<96: policy.descriptorsExhausted(now)
        case 96..<98: lie(slot)
        case 98..<102: recycle(slot)
        case 102..<103: if rolling.isEmpty { rolling = slots[..<Self.gateways].indices.filter { serves($0) } }
        case 103..<104: rolling.removeAll()
        default: unblock(slot)
        }
        dispatch()
    }

    mutating func advance(_ duration: Duration) {
        now = now + duration
        for slot in slots.indices { act(slots[slot].timeReached(now), slot) }
        for id in ledger.giveUpHeld(until: now) { lose(id.rawValue) }
        look()
        rollOn()
        perform(shutdown.timeReached(now))
        // SIGKILL takes effect.
        for slot in doomed.sorted() where alive[slot] != nil { die(slot) }
    }

    private mutating func act(_ action: SlotStateMachine.Action, _ slot: Int) {
        switch action {
        case .none: break
        case .spawn(let generation):
            #expect(alive[slot] == nil, "two processes in one slot")
            #expect(finished == nil)
            // Sometimes there is not even memory for it.
            if Int.random(in: 0..<20, using: &random) == 0 {
                let aftermath = slots[slot].spawnFailed(now)
                perform(replacement.ended(slot: slot))
                if aftermath == .gone { gone() }
                return
            }
            spawned += 1
            alive[slot] = WorkerID(slot: slot, generation: generation)
        case .signal(let signal, _):
            #expect(alive[slot] != nil, "a signal to nobody")
            if signal == SlotStateMachine.signalKill { doomed.insert(slot) }
        }
    }

    private mutating func greet(_ slot: Int) {
        guard alive[slot] != nil, case .starting(_, false) = slots[slot].state else { return }
        #expect(slots[slot].greeted(version: ControlProtocol.version) == true)
    }

    private mutating func becomeReady(_ slot: Int) {
        guard let id = alive[slot], case .starting(_, true) = slots[slot].state else { return }
        #expect(slots[slot].becameReady(now) == true)
        if slot < Self.gateways { ledger.workerReady(id, credits: Self.credits) }
        replacement.ready(slot: slot)
        look()
    }

    // MARK: Replacing

    private var readyGateways: Int { slots[..<Self.gateways].count { $0.state == .ready } }

    private mutating func recycle(_ slot: Int) {
        guard slot < Self.gateways, shutdown.state == .running, replacement.isIdle, slots[slot].state == .ready,
            rolling.isEmpty, !slots[..<Self.gateways].contains(where: { $0.isLeaving }),
            readyGateways >= Self.target, let spare = slots[..<Self.gateways].firstIndex(where: { $0.state == .gone })
        else { return }
        replacement.begin(.init(old: slot, new: spare, floor: Self.target, reason: .maxAge))
        slots[spare].open(now, startAllowance: .seconds(30))
        act(slots[spare].timeReached(now), spare)
    }

    /// Its worker has not been told to leave.
    private func serves(_ slot: Int) -> Bool { slots[slot].state != .gone && !slots[slot].isLeaving }

    /// The next step of a roll, as `WorkerPool.advanceRoll` takes it.
    private mutating func rollOn() {
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

    private mutating func look() {
        let slots = slots
        perform(
            replacement.look { old in slots[..<Self.gateways].indices.count { slots[$0].state == .ready && $0 != old } }
        )
    }

    private mutating func perform(_ action: ReplacementStateMachine.Action) {
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

    private mutating func accept() {
        guard
            case .accept = policy.decide(credits: ledger.credits, held: ledger.held, room: ledger.room, now: now),
            let id = ledger.accepted(listener: 0, peer: .unspecified, now: now)
        else { return }
        #expect(copies.insert(id.rawValue).inserted, "an identifier came twice")
    }

    private mutating func dispatch() {
        while let offer = ledger.nextOffer() {
            #expect(alive[offer.worker.slot] == offer.worker, "an offer to a dead worker")
            if Int.random(in: 0..<10, using: &random) == 0 {
                ledger.setBlocked(offer.worker, true)
            } else {
                ledger.handed(offer)
                handed[offer.worker, default: []].append(offer.connection.rawValue)
            }
        }
    }

    private mutating func unblock(_ slot: Int) {
        if let id = alive[slot], slot < Self.gateways { ledger.setBlocked(id, false) }
    }

    private mutating func claim(_ slot: Int) {
        guard let id = alive[slot], let raw = handed[id]?.popLast() else { return }
        #expect(ledger.claimed(raw, by: id) == true)
        copies.remove(raw)
        claimed[id, default: []].append(raw)
    }

    private mutating func close(_ slot: Int) {
        guard let id = alive[slot] else { return }
        if let raw = claimed[id]?.popLast() {
            #expect(ledger.closed(raw, by: id) == .claimed)
        } else if let raw = handed[id]?.popLast() {
            #expect(ledger.closed(raw, by: id) == .unclaimed)
            copies.remove(raw)
        }
    }

    /// Words that do not match: of the dead, or about what is somebody else's.
    private mutating func lie(_ slot: Int) {
        if let dead = graveyard.randomElement(using: &random), let raw = copies.randomElement(using: &random) {
            #expect(ledger.claimed(raw, by: dead) == false)
            #expect(ledger.closed(raw, by: dead) == .violation)
        }
        guard let id = alive[slot], slot < Self.gateways, let raw = copies.randomElement(using: &random),
            !(handed[id] ?? []).contains(raw)
        else { return }
        #expect(ledger.claimed(raw, by: id) == false)
    }

    private mutating func die(_ slot: Int) {
        guard let id = alive.removeValue(forKey: slot) else { return }
        doomed.remove(slot)
        reaped += 1
        graveyard.append(id)
        let left = slot < Self.gateways ? ledger.workerDied(id) : []
        #expect(left.map(\.rawValue) == (handed.removeValue(forKey: id) ?? []).sorted())
        claimed[id] = nil
        for connection in left {
            let intact = Bool.random(using: &random)
            ledger.examined(connection, intact: intact, now: now)
            if !intact { lose(connection.rawValue) }
        }
        if shutdown.state != .running { for held in ledger.giveUpHeld(until: .never) { lose(held.rawValue) } }
        let aftermath = slots[slot].exited(now)
        perform(replacement.ended(slot: slot))
        if aftermath == .gone {
            perform(replacement.gone(slot: slot))
            gone()
        }
    }

    private mutating func lose(_ raw: UInt64) {
        #expect(copies.remove(raw) != nil, "lost without having been held")
        #expect(lost.insert(raw).inserted, "lost twice")
    }

    // MARK: Shutdown

    mutating func stop() {
        perform(shutdown.requested(now))
        for _ in 0..<400 where finished == nil {
            for slot in alive.keys.sorted() where Int.random(in: 0..<30, using: &random) == 0 { die(slot) }
            if Int.random(in: 0..<60, using: &random) == 0 { perform(shutdown.requested(now)) }
            advance(.milliseconds(Int.random(in: 0...500, using: &random)))
            check()
        }
    }

    private mutating func perform(_ action: ShutdownStateMachine.Action) {
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

    private mutating func tellToDrain(_ slot: Int, _ deadline: Instant) {
        if slots[slot].drain(deadline: deadline, last: true), let id = alive[slot], slot < Self.gateways {
            ledger.workerStopsAccepting(id)
        }
    }

    private mutating func gone() {
        let left = slots[..<Self.gateways].count { $0.state != .gone }
        perform(
            shutdown.childGone(
                gatewaysLeft: left, keyringLeft: slots[Self.gateways].state != .gone, now: now))
    }

    // MARK: What must hold

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
