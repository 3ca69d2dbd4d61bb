// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How workers are replaced while the others go on.
extension WorkerPool {
    /// Looks at one worker's figures, and ends it or plans its replacement.
    func considerRecycling(_ slot: WorkerSlot, _ process: WorkerProcess, now: Instant) {
        let readySince = slot.machine.state == .ready ? slot.machine.readySince : nil
        let figures = RecyclePolicy.Figures(
            inFlight: process.panel.value(.exchangesInFlight), refusals: process.panel.value(.overloadRefusals),
            orphans: process.panel.value(.orphans),
            memory: DeliberateFault.isOn(.memoryNotWatched) ? nil : process.measureMemory(),
            requests: process.panel.value(.exchangesEnded))
        switch process.recycling?.judge(figures, readySince: readySince, now: now) {
        case nil, .keep: break
        case .kill:
            handOff.workerStopsAccepting(process.id)
            perform(slot.machine.kill(.memoryHard), on: slot, now: now)
        case .replace(let reason):
            // One at a time, and only from full strength; it is looked at again in a second.
            guard !stopping, roll == nil, replacement.isIdle, now >= replaceNotBefore, readyGateways >= target
            else { return }
            log.notice(
                "replacing worker",
                metadata: [
                    "worker": "\(process.id)", "pid": "\(process.pid)", "reason": "\(reason.rawValue)",
                    "in_flight": "\(figures.inFlight)", "refused": "\(figures.refusals)",
                    "orphans": "\(figures.orphans)",
                    "memory_bytes": "\(figures.memory ?? 0)", "requests": "\(figures.requests)",
                ])
            // After a roll to more workers, which found the slots of the first ones free already, there may be none left.
            begin(
                .init(old: slot.number, new: slotToFill().number, floor: target, reason: reason), as: current,
                now: now)
        }
    }

    /// A slot that nobody holds.
    var freeSlot: WorkerSlot? { gateways.first { $0.machine.state == .gone } }

    func begin(_ job: ReplacementStateMachine.Job, as edition: Edition, now: Instant) {
        replacement.begin(job)
        if let new = job.new {
            let slot = gateways[new]
            slot.edition = edition
            slot.lastFault = nil
            slot.leavesFor = nil
            slot.machine.open(now, startAllowance: edition.configuration.deadlines.workerStart)
            advance(gateways[new], now: now)
        }
        lookAfterReplacement(now)
    }

    /// Goes on with a replacement whose time may have come.
    func lookAfterReplacement(_ now: Instant) {
        let action = replacement.look { old in
            gateways.count { $0.machine.state == .ready && $0.number != old }
        }
        perform(action, now: now)
    }

    func perform(_ action: ReplacementStateMachine.Action, now: Instant) {
        switch action {
        case .none: break
        case .drain(let number, let reason):
            let slot = gateways[number]
            if slot.machine.state == .ready {
                countReplacement(for: reason)
                slot.leavesFor = reason
            }
            drain(slot, deadline: now + deadlines.drain, hard: now + deadlines.hardStop)
            if slot.machine.state == .gone { perform(replacement.gone(slot: number), now: now) }
            advanceRoll(now)
        case .fail(let job):
            replaceNotBefore = now + Self.pauseAfterFailure
            log.error(
                "a replacement did not become ready; the old worker goes on",
                metadata: ["slot": "\(job.new ?? -1)", "reason": "\(job.reason.rawValue)"])
            if let new = job.new { giveUp(gateways[new]) }
            job.reason == .roll ? failRoll(failure(of: job), now: now) : advanceRoll(now)
        case .done: advanceRoll(now)
        }
    }

    /// Why the new worker of a roll did not become ready.
    private func failure(of job: ReplacementStateMachine.Job) -> String {
        guard let new = job.new.map({ gateways[$0] }) else { return "a worker could not be ended" }
        let reason = new.machine.reason.map { " (\($0.rawValue))" } ?? " (it ended by itself)"
        let fault = new.lastFault.map { ": \($0.explanation)" } ?? ""
        return "the new worker \(new.id) did not become ready\(reason)\(fault); the log says more"
    }

    /// Nobody takes the slot any more; its process has ended.
    private func giveUp(_ slot: WorkerSlot) {
        _ = slot.machine.drain(deadline: reactor.now, last: true)
        setTimer(of: slot)
    }

    /// In one place, so that the status and the metric never differ.
    func countReplacement(for reason: RecycleReason) {
        recycles[reason, default: 0] += 1
        board.replaced(recycles[reason, default: 0], for: reason)
    }

    /// A gateway worker has ended, and what that means for a replacement. `restarts`: its slot would start another.
    func noteEnd(of slot: WorkerSlot, restarts: Bool, now: Instant) {
        perform(replacement.ended(slot: slot.number), now: now)
        guard !restarts else { return }
        perform(replacement.gone(slot: slot.number), now: now)
        advanceRoll(now)
    }
}
