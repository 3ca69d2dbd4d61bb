// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How children end when the supervisor does.
extension WorkerPool {
    /// Nothing new is accepted from now on: gateway workers let end what is in flight, and cut it at `deadline`.
    func drainGateways(deadline: Instant, hard: Instant) {
        stopping = true
        endReplacing()
        dispatch()
        let given = handOff.giveUpHeld(until: .never)
        if given > 0 { log.error("no worker for connections at shutdown", metadata: ["lost": "\(given)"]) }
        for slot in gateways { drain(slot, deadline: deadline, hard: hard) }
    }

    /// The children without requests of their own go last: until then health is told.
    func drainKeyring(deadline: Instant) {
        for post in keyrings { drain(post.slot, deadline: deadline, hard: deadline) }
        if let admin {
            admin.stop()
            drain(admin.slot, deadline: deadline, hard: deadline)
        }
    }

    /// Nothing is replaced any more.
    private func endReplacing() {
        replacement.stop()
        guard roll != nil else { return }
        roll = nil
        owner?.rollEnded(failure: "the gateway is stopping", now: reactor.now)
    }

    func drain(_ slot: WorkerSlot, deadline: Instant, hard: Instant) {
        if slot.machine.drain(deadline: hard, last: true), let process = slot.process {
            handOff(of: process)?.workerStopsAccepting(process.id)
            if stopping, slot.role == .gateway { process.drainBegan = process.figures }
            // A channel that cannot take this is a wedged child's: the hard deadline ends it.
            _ = process.send(.drain(deadline: deadline))
        }
        setTimer(of: slot)
    }

    /// Every child cuts everything and exits; SIGKILL at `hard`.
    func cutAll(hard: Instant) {
        stopping = true
        endReplacing()
        _ = handOff.giveUpHeld(until: .never)
        admin?.stop()
        for slot in slots {
            if slot.machine.drain(deadline: hard, last: true), let process = slot.process {
                handOff(of: process)?.workerStopsAccepting(process.id)
                if process.drainBegan == nil, slot.role == .gateway { process.drainBegan = process.figures }
                _ = process.send(.stop)
            }
            setTimer(of: slot)
        }
    }

    func killAll() {
        for slot in slots { perform(slot.machine.kill(.forced), on: slot, now: reactor.now) }
    }

    /// While stopping, connections whose worker died find no other one: all of them drain.
    func giveUpWithoutTakers() {
        let given = handOff.giveUpHeld(until: .never)
        if given > 0 { log.error("a worker died while draining", metadata: ["lost": "\(given)"]) }
    }

    /// Gateway slots that still have a process or wait for one.
    var gatewaysLeft: Int { gateways.count { $0.machine.state != .gone } }
    /// Whether a keyring or the admin process is left.
    var keyringLeft: Bool {
        (keyrings.map(\.slot) + (admin.map { [$0.slot] } ?? [])).contains { $0.machine.state != .gone }
    }

    /// Certificates, keys or token files may have changed.
    func credentialsChanged() {
        for slot in slots where slot.machine.state == .ready { _ = slot.process?.send(.credentialsChanged) }
    }

    /// Every exchange in flight, to the log.
    func dumpRows() {
        let box = BlackBox(log: log, now: reactor.now)
        for slot in gateways {
            guard let process = slot.process else { continue }
            box.write(rows: process.panel.rows(), of: process, limit: .max)
        }
    }
}
