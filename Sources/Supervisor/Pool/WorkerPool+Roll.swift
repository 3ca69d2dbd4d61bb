// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// Going over to another edition while serving. The first new worker is the canary: until it is ready, nothing else
/// happens. When one does not become ready, those that were replaced go back to the old edition, too.
extension WorkerPool {
    struct Roll {
        let from: Edition
        let to: Edition
        /// Whether the admin process is replaced at the end, too.
        var replacesAdmin = false
        /// Why it went wrong; nil: it has not. Then the pool goes back from `to` to `from`.
        var failure: String?
        var deadline: Instant

        var wanted: Edition { failure == nil ? to : from }
    }

    /// How far the roll is: workers that are what they are to be and ready, of how many. nil: there is none.
    var rollProgress: (ready: Int, workers: Int, isGoingBack: Bool)? {
        guard let roll else { return nil }
        let ready = gateways.count { $0.edition === roll.wanted && $0.machine.state == .ready }
        return (ready, roll.wanted.workers, roll.failure != nil)
    }

    /// How long a roll may take: each worker in turn starts, and all drain, at most twice after one another where the new
    /// pool is much smaller than the old one.
    func rollAllowance(workers: Int, _ deadlines: DeadlinesConfiguration) -> Duration {
        let most = max(workers, target)
        let rounds = (most + max(1, min(workers, target)) - 1) / max(1, min(workers, target))
        return deadlines.workerStart * most + deadlines.hardStop * (rounds + 1) + .seconds(10)
    }

    /// Begins; the owner hears of the end. There must be no roll already, and the pool must not be stopping.
    func roll(to edition: Edition, replacesAdmin: Bool, now: Instant) {
        precondition(roll == nil && !stopping)
        roll = Roll(
            from: current, to: edition, replacesAdmin: replacesAdmin,
            deadline: now + rollAllowance(workers: edition.workers, edition.configuration.deadlines))
        if edition.keyring !== current.keyring {
            keyrings.append(edition.keyring)
            advance(edition.keyring.slot, now: now)
        }
        advanceRoll(now)
    }

    /// Makes a new keyring for an edition to come, beside the one that there is.
    func makeKeyring(launcher: any ChildLauncher, startAllowance: Duration) -> KeyringPost {
        let last = keyrings.map(\.slot.number).max() ?? KeyringPost.firstNumber
        return KeyringPost(
            number: last + 1, launcher: launcher, startAllowance: startAllowance, now: reactor.now)
    }

    /// Takes the next step, if none is under way.
    func advanceRoll(_ now: Instant) {
        guard let roll, replacement.isIdle, !stopping else { return }
        let wanted = roll.wanted
        let held = gateways.filter { $0.machine.state != .gone }
        let kept = held.filter { !$0.machine.isLeaving }
        let old = kept.filter { $0.edition !== wanted }.map(\.number)
        let step = RollPolicy.next(
            old: old, new: kept.count - old.count, draining: held.count - kept.count, target: wanted.workers)
        let floor = RollPolicy.floor(ready: readyGateways, from: roll.from.workers, to: roll.to.workers)
        switch step {
        case .wait: break
        case .done: finishRoll(roll, now: now)
        case .replace(let number):
            begin(
                .init(old: number, new: slotToFill().number, floor: floor, reason: .roll, mayOverlap: true), as: wanted,
                now: now)
        case .grow:
            begin(.init(old: nil, new: slotToFill().number, floor: 0, reason: .roll), as: wanted, now: now)
        case .shrink(let number):
            begin(
                .init(old: number, new: nil, floor: min(floor, wanted.workers), reason: .roll, mayOverlap: true),
                as: wanted, now: now)
        }
    }

    /// A new worker did not become ready, or time is over.
    func failRoll(_ why: String, now: Instant) {
        guard var roll else { return }
        if roll.failure == nil {
            log.error("the roll stops, and the old configuration stays in force", metadata: ["reason": "\(why)"])
            if DeliberateFault.isOn(.rollForgetsFailure) { return finishRoll(roll, now: now) }
            roll.failure = why
            roll.deadline = now + rollAllowance(workers: roll.from.workers, roll.from.configuration.deadlines)
            self.roll = roll
            return advanceRoll(now)
        }
        // Not even the old edition starts now. Nobody is left behind in the one that was refused: its workers drain,
        // and their slots go on trying by themselves, as many as the old edition has workers.
        log.critical("the old configuration does not start either", metadata: ["reason": "\(why)"])
        var kept = gateways.count {
            $0.edition === roll.from && $0.machine.state != .gone && !$0.machine.isLeaving
        }
        for slot in gateways where slot.edition !== roll.from && slot.machine.state != .gone {
            slot.edition = roll.from
            let isLast = kept >= roll.from.workers || slot.machine.isLeaving
            if !isLast { kept += 1 }
            let deadlines = roll.from.configuration.deadlines
            if slot.machine.drain(deadline: now + deadlines.hardStop, last: isLast), let process = slot.process {
                handOff.workerStopsAccepting(process.id)
                _ = process.send(.drain(deadline: now + deadlines.drain))
            }
            setTimer(of: slot)
        }
        finishRoll(roll, now: now)
    }

    /// Once a second.
    func lookAfterRoll(_ now: Instant) {
        guard let roll, now >= roll.deadline else { return }
        if let starting = replacement.starting {
            perform(gateways[starting].machine.kill(.forced), on: gateways[starting], now: now)
        }
        replacement.stop()
        failRoll("it did not end in time", now: now)
    }

    private func finishRoll(_ roll: Roll, now: Instant) {
        self.roll = nil
        current = roll.wanted
        handOff.use(current.configuration)
        for post in keyrings where post !== current.keyring && !DeliberateFault.isOn(.oldKeyringStays) {
            drain(post.slot, deadline: now, hard: now + ShutdownStateMachine.cutAllowance)
        }
        dropKeyrings()
        if roll.failure == nil, roll.replacesAdmin { replaceAdmin(now) }
        owner?.rollEnded(failure: roll.failure, now: now)
    }

    /// Ends the admin process; its slot starts the next one. Connections meanwhile wait in the listener's backlog.
    private func replaceAdmin(_ now: Instant) {
        guard let admin, let process = admin.slot.process else { return }
        if admin.slot.machine.drain(deadline: now + ShutdownStateMachine.cutAllowance, last: false) {
            admin.handOff.workerStopsAccepting(process.id)
            _ = process.send(.drain(deadline: now))
        }
        setTimer(of: admin.slot)
    }

    /// Forgets keyrings of other editions that have ended.
    func dropKeyrings() {
        keyrings.removeAll { $0 !== current.keyring && $0 !== roll?.to.keyring && $0.slot.machine.state == .gone }
    }

    /// A slot that nobody holds; a new one where all are taken.
    func slotToFill() -> WorkerSlot {
        if let freeSlot { return freeSlot }
        let slot = WorkerSlot(
            number: gateways.count, role: .gateway, isSpare: true, startAllowance: deadlines.workerStart,
            now: reactor.now)
        gateways.append(slot)
        handOff.reserve(slots: gateways.count)
        return slot
    }
}
