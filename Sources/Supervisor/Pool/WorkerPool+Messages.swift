// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// What children say.
extension WorkerPool {
    func received(_ reception: consuming Reception<ToSupervisor>, from process: WorkerProcess) {
        guard let slot = slot(of: process) else { return }
        switch consume reception {
        case .message(let message): handle(message, from: process, slot)
        case .messageWithDescriptor(.keys(let generation), let file):
            let post = post(of: slot)
            guard process.role == .keyring, post.keys.replace(with: file, generation: generation) else {
                return protocolError("keys", process, slot)
            }
            log.info("new keys", metadata: ["generation": "\(post.keys.generation)"])
            for gateway in gateways where gateway.edition?.keyring === post { passKeys(to: gateway) }
        case .messageWithDescriptor: protocolError("descriptor", process, slot)
        case .descriptorLost:
            // The keys could not be taken in; they are asked for again.
            log.error("descriptor limit reached, keys were lost", metadata: ["worker": "\(process.id)"])
            wantKeys(post(of: slot), issuer: nil)
        case .violation(let error): protocolError("\(error)", process, slot)
        case .endOfFile:
            process.closeChannel()
            handOff(of: process)?.workerStopsAccepting(process.id)
            slot.machine.channelLost(reactor.now)
            setTimer(of: slot)
        }
    }

    private func handle(_ message: ToSupervisor, from process: WorkerProcess, _ slot: WorkerSlot) {
        switch message {
        case .hello(let version):
            guard launcher(of: slot).speaks.contains(version) else { return versionSkew(version, process, slot) }
            guard slot.machine.greeted(version: version) else { return protocolError("hello", process, slot) }
            process.protocolVersion = version
            passKeys(to: slot)
            if process.role == .keyring { passInheritance(to: process, post(of: slot)) }
            if process.role == .admin { admin?.greeted(processes: slots.compactMap(\.process)) }
        case .ready:
            guard slot.machine.becameReady(reactor.now) else { return protocolError("ready", process, slot) }
            becameReady(process, slot)
        case .claimed(let connections):
            guard handOff(of: process)?.claimed(connections, by: process.id) ?? false else {
                return protocolError("claimed", process, slot)
            }
        case .closed(let connections):
            guard handOff(of: process)?.closed(connections, by: process.id) ?? false else {
                return protocolError("closed", process, slot)
            }
            dispatch()
        case .returned(let connections):
            guard handOff(of: process)?.returned(connections, by: process.id) ?? false else {
                return protocolError("returned", process, slot)
            }
            if stopping { giveUpWithoutTakers() }
            dispatch()
        case .drained:
            log.debug("child drained", metadata: ["worker": "\(process.id)"])
        case .wantKeys(let issuer):
            wantKeys(post(of: slot), issuer: issuer)
        case .fault(let fault):
            slot.lastFault = fault
            log.warning(
                "child reports a fault",
                metadata: ["role": "\(process.role.rawValue)", "worker": "\(process.id)", "fault": "\(fault)"])
        case .keys:
            protocolError("keys", process, slot)
        }
    }

    private func becameReady(_ process: WorkerProcess, _ slot: WorkerSlot) {
        setTimer(of: slot)
        guard slot.machine.state == .ready else { return }
        noteReady(slot.role)
        if slot.role == .keyring { askForOwedKeys(post(of: slot)) }
        log.info(
            "child is ready",
            metadata: [
                "role": "\(slot.role.rawValue)", "worker": "\(slot.id)",
                "after_ms": "\(Int(reactor.now.since(process.started).milliseconds))",
            ])
        if slot.role == .admin { admin?.becameReady() }
        if slot.role == .gateway {
            handOff.workerReady(slot.id, credits: slot.edition?.credits ?? creditsPerWorker)
            owner?.workerBecameReady(now: reactor.now)
            dispatch()
            replacement.ready(slot: slot.number)
            lookAfterReplacement(reactor.now)
        }
    }

    private func protocolError(_ what: String, _ process: WorkerProcess, _ slot: WorkerSlot) {
        log.error(
            "child broke the control protocol",
            metadata: ["role": "\(process.role.rawValue)", "worker": "\(process.id)", "message": "\(what)"])
        // Nothing more is heard from it: what it says cannot be trusted.
        process.closeChannel()
        handOff(of: process)?.workerStopsAccepting(process.id)
        perform(slot.machine.kill(.protocolError), on: slot, now: reactor.now)
    }

    /// It was started from a program of another build, with which we have no language in common.
    private func versionSkew(_ version: UInt32, _ process: WorkerProcess, _ slot: WorkerSlot) {
        log.error(
            "child speaks another version of the control protocol; lychgate and lychgate-worker must be of one build",
            metadata: [
                "role": "\(process.role.rawValue)", "worker": "\(process.id)", "its": "\(version)",
                "ours": "\(ControlProtocol.version)",
            ])
        process.closeChannel()
        perform(slot.machine.kill(.versionSkew), on: slot, now: reactor.now)
    }

    func channelWritable(of process: WorkerProcess) {
        if process.role == .admin { admin?.channelWritable() }
        guard process.role == .gateway else { return }
        handOff.workerHasRoom(process.id)
        passKeys(to: gateways[process.id.slot])
        dispatch()
    }

    // MARK: Keys

    /// Sends the newest keys to a child that has said hello and does not have them; when its channel is full it is
    /// tried again once there is room.
    private func passKeys(to slot: WorkerSlot) {
        if DeliberateFault.isOn(.keysNotPassed) { return }
        let post = post(of: slot)
        guard slot.role == .gateway, let process = slot.process, process.keysSent < post.keys.generation,
            let raw = post.keys.raw
        else { return }
        switch slot.machine.state {
        case .starting(_, true), .ready, .draining: break
        case .starting(_, false), .waiting, .aborted, .killed, .gone: return
        }
        if process.send(.keys(generation: post.keys.generation), passing: raw) == .sent {
            process.keysSent = post.keys.generation
        }
    }

    /// A keyring begins with what the one before it had published: then it can be replaced while a provider is down. It is
    /// told, too, if there is nothing: before that it does not say that there are no keys.
    private func passInheritance(to process: WorkerProcess, _ post: KeyringPost) {
        let source = post.keys.raw == nil ? current.keyring : post
        if let raw = source.keys.raw {
            _ = process.send(.keys(generation: source.keys.generation), passing: raw)
            return
        }
        do throws(Errno) {
            let nothing = try MemoryFile.sealed(
                name: "lychgate-no-keys", bytes: Array(#"{"generation":0,"issuers":[]}"#.utf8))
            _ = process.send(.keys(generation: 0), passing: nothing.raw)
        } catch {
            log.error("the keyring is not told that there are no keys", metadata: ["error": "\(error)"])
        }
    }

    /// Somebody waits for newer keys of an issuer; nil: of all.
    func wantKeys(_ post: KeyringPost, issuer: UInt16?) {
        switch post.refresh.wanted(issuer, reactor.now) {
        case .now: askForKeys(post, issuer: issuer)
        case .at(let time): _ = reactor.startTimer(at: time, handler: self, tag: Tag.refresh)
        case .alreadyPlanned: break
        }
    }

    func askForKeys(_ post: KeyringPost, issuer: UInt16?) {
        guard post.slot.machine.state == .ready, let process = post.slot.process else {
            post.owed.insert(issuer)
            return
        }
        let namesIssuers = process.protocolVersion ?? 0 >= ControlProtocol.namesIssuers
        _ = process.send(.refreshKeys(issuer: namesIssuers ? issuer : nil))
    }

    /// The keyring is ready: it is told what it could not be told before.
    private func askForOwedKeys(_ post: KeyringPost) {
        let owed = post.owed
        post.owed = []
        for issuer in owed.contains(nil) ? [nil] : owed { askForKeys(post, issuer: issuer) }
    }
}
