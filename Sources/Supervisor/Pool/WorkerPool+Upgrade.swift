// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How the pool goes from one program of the supervisor to the next, its processes untouched.
extension WorkerPool {
    /// nil: it cannot be passed on now, because it goes over to another edition or stops.
    var saved: SavedPool? {
        guard roll == nil, !stopping else { return nil }
        return SavedPool(
            workers: current.workers, credits: current.credits, gateways: gateways.map { saved($0) },
            keyrings: ([current.keyring] + keyrings.filter { $0 !== current.keyring }).map { saved($0) },
            admin: admin.map { gate in
                .init(
                    slot: saved(gate.slot), ledger: saved(gate.handOff), isGreeted: gate.isGreeted,
                    refusals: gate.handOff.refusals.saved, addresses: gate.handOff.addresses?.saved,
                    acceptPauses: gate.acceptor.pauses.counts)
            },
            ledger: saved(handOff), replacement: replacement, replaceNotBefore: replaceNotBefore,
            refusals: handOff.refusals.saved,
            addresses: handOff.addresses?.saved,
            recycles: .init(uniqueKeysWithValues: recycles.map { ($0.key.rawValue, $0.value) }),
            everReady: everReady.sorted { $0.rawValue < $1.rawValue }, board: board.saved)
    }

    private func saved(_ slot: WorkerSlot) -> SavedPool.Slot {
        .init(
            number: slot.number, role: slot.role, machine: slot.machine, process: slot.process?.saved,
            lastFault: slot.lastFault?.rawValue, leavesFor: slot.leavesFor)
    }

    private func saved(_ post: KeyringPost) -> SavedPool.Keyring {
        .init(
            slot: saved(post.slot), keys: post.keys.raw, generation: post.keys.generation,
            isAsked: !post.owed.isEmpty || post.refresh.isPlanned)
    }

    private func saved(_ handOff: HandOff) -> SavedPool.Ledger {
        .init(saved: handOff.ledger.saved, sockets: handOff.sockets)
    }

    /// Becomes what was saved, before its start. Nothing is read from any child, and none is told anything that it would
    /// not be told anyway, so that after a failure the program before can go on.
    func adopt(_ saved: SavedPool, from passed: PassedDescriptors, groups: WorkerGroups?) throws(Errno) {
        guard let first = saved.keyrings.first, (saved.admin != nil) == (admin != nil) else { throw .invalid }
        handOff.reserve(slots: saved.gateways.count)
        keyrings = []
        for keyring in saved.keyrings { keyrings.append(try adopt(keyring, from: passed, groups: groups)) }
        guard let post = keyrings.first, post.slot.number == first.slot.number else { throw .invalid }
        current = Edition(
            current.configuration, launcher: current.launcher, keyring: post, workers: saved.workers,
            credits: saved.credits)
        gateways = []
        for (number, slot) in saved.gateways.enumerated() {
            guard slot.number == number, slot.role == .gateway else { throw .invalid }
            let adopted = try adopt(slot, from: passed, groups: groups)
            adopted.edition = current
            gateways.append(adopted)
        }
        try handOff.adopt(saved.ledger.saved, sockets: saved.ledger.sockets, from: passed)
        if let admin, let before = saved.admin {
            admin.slot.machine = before.slot.machine
            admin.slot.process = try adoptProcess(of: before.slot, from: passed, groups: groups)
            admin.handOff.reserve(slots: before.slot.number + 1)
            try admin.handOff.adopt(before.ledger.saved, sockets: before.ledger.sockets, from: passed)
            if let addresses = before.addresses { admin.handOff.addresses?.restore(addresses, now: reactor.now) }
            admin.handOff.addresses?.refusals.restore(before.refusals ?? [:])
            admin.acceptor.pauses.restore(before.acceptPauses ?? [:])
        }
        if let addresses = saved.addresses { handOff.addresses?.restore(addresses, now: reactor.now) }
        replacement = saved.replacement
        replaceNotBefore = saved.replaceNotBefore
        handOff.addresses?.refusals.restore(saved.refusals)
        for (name, count) in saved.recycles {
            if let reason = RecycleReason(rawValue: name) { recycles[reason] = count }
        }
        everReady = Set(saved.everReady)
        board.restore(saved.board)
        for (reason, count) in recycles { board.replaced(count, for: reason) }
    }

    /// There is no way back any more: words that the program before owed somebody are said.
    func settle(_ saved: SavedPool) {
        for (post, before) in zip(keyrings, saved.keyrings) {
            if post !== current.keyring { advance(post.slot, now: reactor.now) }
            if before.isAsked { wantKeys(post, issuer: nil) }
        }
        let slots = saved.gateways + saved.keyrings.map(\.slot) + (saved.admin.map { [$0.slot] } ?? [])
        for before in slots {
            guard let process = self.slots.first(where: { $0.number == before.number })?.process,
                let saved = before.process
            else { continue }
            process.restore(saved)
        }
        if let before = saved.admin { admin?.adopted(isGreeted: before.isGreeted) }
    }

    private func adopt(
        _ saved: SavedPool.Keyring, from passed: PassedDescriptors, groups: WorkerGroups?
    ) throws(Errno) -> KeyringPost {
        let post = KeyringPost(
            number: saved.slot.number, launcher: current.launcher, startAllowance: deadlines.workerStart,
            now: reactor.now)
        post.slot.machine = saved.slot.machine
        post.slot.process = try adoptProcess(of: saved.slot, from: passed, groups: groups)
        if let keys = saved.keys { post.keys = KeyStore(try passed.take(keys), generation: saved.generation) }
        return post
    }

    private func adopt(
        _ saved: SavedPool.Slot, from passed: PassedDescriptors, groups: WorkerGroups?
    ) throws(Errno) -> WorkerSlot {
        let slot = WorkerSlot(
            number: saved.number, role: saved.role, startAllowance: deadlines.workerStart, now: reactor.now)
        slot.machine = saved.machine
        slot.lastFault = saved.lastFault.flatMap { .init(rawValue: $0) }
        slot.leavesFor = saved.leavesFor
        slot.process = try adoptProcess(of: saved, from: passed, groups: groups)
        return slot
    }

    private func adoptProcess(
        of saved: SavedPool.Slot, from passed: PassedDescriptors, groups: WorkerGroups?
    ) throws(Errno) -> WorkerProcess? {
        guard let before = saved.process else {
            if saved.machine.hasProcess { throw .invalid }
            return nil
        }
        let process = try WorkerProcess(
            id: WorkerID(slot: saved.number, generation: saved.machine.generation), role: saved.role,
            launched: try AdoptedChild.launched(before, from: passed, groups: groups), started: before.started,
            reactor: reactor, owner: self)
        process.processor = before.processor
        if saved.role == .gateway {
            process.recycling = RecyclePolicy(
                current.configuration.recycling, maxInFlight: current.configuration.workers.maxInFlight,
                spread: RecyclePolicy.spread(pid: process.pid, id: process.id))
        }
        return process
    }
}
