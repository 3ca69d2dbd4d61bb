// SPDX-License-Identifier: Apache-2.0

import Shared

extension SupervisorStatus.HandOff {
    init(_ ledger: HandOffStateMachine) {
        self.init(
            accepted: ledger.counts.accepted, handed: ledger.counts.handed, claimed: ledger.counts.claimed,
            redelivered: ledger.counts.redelivered, lost: ledger.counts.lost, unclaimed: ledger.unclaimed)
    }
}

extension SupervisorStatus.Keyring {
    init(_ slot: WorkerSlot, generation: UInt64) {
        self.init(pid: slot.process?.pid ?? 0, state: slot.stateName, generation: generation)
    }
}

extension SupervisorStatus.Admin {
    init(_ gate: AdminGate, address: String) {
        let process = gate.slot.process
        self.init(
            pid: process?.pid ?? 0, state: gate.slot.stateName, address: address,
            connections: process?.panel.value(.connections) ?? 0)
    }
}

extension SupervisorStatus.Worker {
    init(_ slot: WorkerSlot, now: Instant) {
        let process = slot.process
        let seconds = { (duration: Duration) in duration.milliseconds.rounded() / 1_000 }
        var startsIn: Double?
        if case .waiting(let until) = slot.machine.state { startsIn = seconds(until.since(now)) }
        let figure = { (figure: Figure) in process?.panel.value(figure) ?? 0 }
        let pid = process?.pid ?? 0
        self.init(
            slot: slot.number, generation: slot.machine.generation, pid: pid, state: slot.stateName,
            connections: figure(.connections), inFlight: figure(.exchangesInFlight),
            upstreamConnections: figure(.upstreamOpen), upstreamIdle: figure(.upstreamIdle), orphans: figure(.orphans),
            exchangesOpened: figure(.exchangesOpened), exchangesEnded: figure(.exchangesEnded),
            cancelled: figure(.cancelledByClient),
            orphanMilliseconds: .init(
                count: process?.panel.orphanTimes().count ?? 0,
                max: Double(figure(.orphanMicrosecondsMax)) / 1_000),
            rssAnonBytes: process == nil ? 0 : ProcessFigures.rssAnonBytes(pid: pid) ?? 0,
            descriptors: process == nil ? 0 : ProcessFigures.descriptors(pid: pid) ?? 0,
            processor: process?.processor, memoryBytes: process?.memory,
            ageSeconds: process.map { seconds(now.since($0.started)) }, youngDeaths: slot.machine.youngDeaths,
            startsInSeconds: startsIn)
    }
}

extension SupervisorStatus.Change {
    /// nil: nothing goes on.
    init?(_ reloader: Reloader, _ upgrader: Upgrader, _ pool: WorkerPool) {
        if let roll = pool.rollProgress, let kind = reloader.underWay {
            self.init(
                kind: kind.rawValue, phase: roll.isGoingBack ? "goingBack" : "rolling", ready: roll.ready,
                workers: roll.workers)
        } else if let kind = reloader.underWay ?? (upgrader.isBusy ? .upgrade : nil) {
            self.init(kind: kind.rawValue, phase: "checking")
        } else {
            return nil
        }
    }
}

extension SupervisorStatus.Process {
    static var own: Self {
        let pid = ProcessFigures.ownPid
        return .init(
            descriptors: ProcessFigures.descriptors(pid: pid) ?? 0,
            rssAnonBytes: ProcessFigures.rssAnonBytes(pid: pid) ?? 0)
    }
}
