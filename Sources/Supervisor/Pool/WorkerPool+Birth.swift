// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How children begin.
extension WorkerPool {
    func spawn(_ slot: WorkerSlot, now: Instant) {
        do throws(Errno) {
            let process = try startProcess(slot)
            slot.process = process
            pin(process, of: slot)
            board.spawned()
            admin?.began(process)
            if let configuration = slot.edition?.configuration {
                process.recycling = RecyclePolicy(
                    configuration.recycling, maxInFlight: configuration.workers.maxInFlight,
                    spread: RecyclePolicy.spread(pid: process.pid, id: slot.id))
            }
            log.info(
                "started child",
                metadata: ["role": "\(slot.role.rawValue)", "worker": "\(slot.id)", "pid": "\(process.pid)"])
        } catch {
            log.error(
                "cannot start child",
                metadata: ["role": "\(slot.role.rawValue)", "worker": "\(slot.id)", "error": "\(error)"])
            let aftermath = slot.machine.spawnFailed(now)
            if slot.role == .gateway { perform(replacement.ended(slot: slot.number), now: now) }
            if aftermath == .gone { owner?.slotGone(now: now) }
        }
    }

    /// Starts a process, if need be with the last descriptors that there are.
    private func startProcess(_ slot: WorkerSlot) throws(Errno) -> WorkerProcess {
        do throws(Errno) {
            return try WorkerProcess(
                id: slot.id, role: slot.role, launcher: launcher(of: slot), reactor: reactor, owner: self)
        } catch {
            guard error == .tooManyFiles || error == .tooManyFilesInSystem, reserve.isFull else { throw error }
            reserve.release()
            return try WorkerProcess(
                id: slot.id, role: slot.role, launcher: launcher(of: slot), reactor: reactor, owner: self)
        }
    }

    /// Binds a gateway worker to a processor where its configuration wants that. It serves without as well.
    private func pin(_ process: WorkerProcess, of slot: WorkerSlot) {
        guard slot.edition?.configuration.workers.cpuAffinity == .auto, process.role == .gateway else { return }
        let stays = gateways.filter { $0 !== slot && !$0.machine.isLeaving && $0.number != replacement.leaving }
        let choice = AffinityPolicy.choose(
            among: ProcessorAffinity.of(pid: 0), taken: stays.compactMap { $0.process?.processor })
        guard let choice else { return }
        do throws(Errno) {
            try ProcessorAffinity.pin(pid: process.pid, to: choice)
            process.processor = choice
        } catch {
            log.warning(
                "cannot bind a worker to a processor",
                metadata: ["worker": "\(process.id)", "processor": "\(choice)", "error": "\(error)"])
        }
    }

    func launcher(of slot: WorkerSlot) -> any ChildLauncher {
        if slot.role == .admin { return current.launcher }
        return slot.edition?.launcher ?? post(of: slot).launcher
    }
}
