// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

/// The machines of a supervisor with modelled children, and what happens to them, from a seed.
struct SupervisionWorld {
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
    /// What they have without a copy of ours, and have not claimed.
    var forgotten: [WorkerID: [UInt64]] = [:]
    var graveyard: [WorkerID] = []
    var health: HealthPolicy
    /// When each child's loop last turned, and since when those that hang do.
    var beats: [Int: Instant] = [:]
    var hanging: [Int: Instant] = [:]
    /// When everybody, the supervisor included, last went on after a pause.
    var resumed = Instant.zero
    var pauses = 0
    var hangsFound = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let start = now
        health = HealthPolicy(start)
        slots = (0...Self.gateways).map {
            (Self.target..<Self.gateways).contains($0)
                ? .spare(startAllowance: .seconds(30), now: start)
                : SlotStateMachine(startAllowance: .seconds(30), now: start)
        }
        ledger = HandOffStateMachine(capacity: 8, slots: Self.gateways, holdAllowance: .seconds(10))
    }

    // MARK: Events

    mutating func step() {
        let slot = Int.random(in: 0..<slots.count, using: &random)
        switch Int.random(in: 0..<108, using: &random) {
        case 0..<20: advance(.milliseconds(Int.random(in: 0...3_000, using: &random)))
        case 20..<32: if let slot = starting(greeted: false) { greet(slot) }
        case 32..<44: if let slot = starting(greeted: true) { becomeReady(slot) }
        case 44..<60: accept()
        case 60..<72: claim(slot)
        case 72..<84: close(slot)
        case 84..<88: if alive[slot] != nil { die(slot) }
        case 88..<90: if alive[slot] != nil, hanging[slot] == nil { hanging[slot] = now }
        case 90..<92: if alive[slot] != nil { slots[slot].channelLost(now) }
        case 92..<94:
            let reason: SlotStateMachine.Reason = Bool.random(using: &random) ? .protocolError : .memoryHard
            if alive[slot] != nil { act(slots[slot].kill(reason), slot) }
        case 94..<96: policy.descriptorsExhausted(now)
        case 96..<98: lie(slot)
        case 98..<102: recycle(slot)
        case 102..<103: if rolling.isEmpty { rolling = slots[..<Self.gateways].indices.filter { serves($0) } }
        case 103..<104: rolling.removeAll()
        case 104..<105: pause()
        default: unblock(slot)
        }
        dispatch()
    }

    mutating func advance(_ duration: Duration) {
        var left = duration
        repeat {
            let part = min(left, HealthPolicy.interval)
            now = now + part
            left -= part
            for slot in alive.keys where hanging[slot] == nil { beats[slot] = now }
            turn()
        } while left > .zero
    }

    mutating func turn() {
        lookAfterHealth()
        for slot in slots.indices { act(slots[slot].timeReached(now), slot) }
        for id in ledger.giveUpHeld(until: now) { lose(id.rawValue) }
        look()
        rollOn()
        perform(shutdown.timeReached(now))
        // SIGKILL takes effect.
        for slot in doomed.sorted() where alive[slot] != nil { die(slot) }
    }

    mutating func act(_ action: SlotStateMachine.Action, _ slot: Int) {
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

    /// One that could say its next word; children that start are few, and nothing goes on without them.
    mutating func starting(greeted wanted: Bool) -> Int? {
        slots.indices.filter {
            guard case .starting(_, let greeted) = slots[$0].state else { return false }
            return greeted == wanted && alive[$0] != nil && hanging[$0] == nil
        }.randomElement(using: &random)
    }

    mutating func greet(_ slot: Int) {
        if Int.random(in: 0..<20, using: &random) == 0 {
            #expect(slots[slot].greeted(version: ControlProtocol.version + 1) == false)
            return act(slots[slot].kill(.versionSkew), slot)
        }
        #expect(slots[slot].greeted(version: ControlProtocol.version) == true)
    }

    mutating func becomeReady(_ slot: Int) {
        guard let id = alive[slot] else { return }
        #expect(slots[slot].becameReady(now) == true)
        if slot < Self.gateways { ledger.workerReady(id, credits: Self.credits) }
        replacement.ready(slot: slot)
        look()
    }

    mutating func accept() {
        guard case .accept = policy.decide(credits: ledger.credits, held: ledger.held, room: ledger.room, now: now)
        else { return }
        for silent in ledger.makeRoom() { forget(silent.rawValue) }
        guard let id = ledger.accepted(listener: 0, peer: .unspecified, now: now) else {
            Issue.record("there was to be room")
            return
        }
        #expect(copies.insert(id.rawValue).inserted, "an identifier came twice")
    }

    mutating func dispatch() {
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

    mutating func unblock(_ slot: Int) {
        if let id = alive[slot], slot < Self.gateways { ledger.setBlocked(id, false) }
    }

    mutating func claim(_ slot: Int) {
        guard let id = alive[slot], hanging[slot] == nil else { return }
        if let raw = forgotten[id]?.popLast() {
            #expect(ledger.claimedForgotten(raw, by: id) == true)
            return claimed[id, default: []].append(raw)
        }
        guard let raw = handed[id]?.popLast() else { return }
        #expect(ledger.claimed(raw, by: id) == true)
        copies.remove(raw)
        claimed[id, default: []].append(raw)
    }

    mutating func close(_ slot: Int) {
        guard let id = alive[slot], hanging[slot] == nil else { return }
        if let raw = claimed[id]?.popLast() ?? forgotten[id]?.popLast() {
            #expect(ledger.closed(raw, by: id) == .claimed)
        } else if let raw = handed[id]?.popLast() {
            #expect(ledger.closed(raw, by: id) == .unclaimed)
            copies.remove(raw)
        }
    }

    /// Words that do not match: of the dead, or about what is somebody else's.
    mutating func lie(_ slot: Int) {
        if let dead = graveyard.randomElement(using: &random), let raw = copies.randomElement(using: &random) {
            #expect(ledger.claimed(raw, by: dead) == false)
            #expect(ledger.closed(raw, by: dead) == .violation)
        }
        guard let id = alive[slot], slot < Self.gateways, let raw = copies.randomElement(using: &random),
            !(handed[id] ?? []).contains(raw)
        else { return }
        #expect(ledger.claimed(raw, by: id) == false)
    }

    mutating func die(_ slot: Int) {
        guard let id = alive.removeValue(forKey: slot) else { return }
        doomed.remove(slot)
        reaped += 1
        graveyard.append(id)
        let left = slot < Self.gateways ? ledger.workerDied(id) : []
        #expect(left.map(\.rawValue) == (handed.removeValue(forKey: id) ?? []).sorted())
        claimed[id] = nil
        forgotten[id] = nil
        beats[slot] = nil
        hanging[slot] = nil
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

    mutating func lose(_ raw: UInt64) {
        #expect(copies.remove(raw) != nil, "lost without having been held")
        #expect(lost.insert(raw).inserted, "lost twice")
    }
}
