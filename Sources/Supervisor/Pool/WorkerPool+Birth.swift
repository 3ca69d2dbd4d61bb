// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How children begin.
extension WorkerPool {
    func spawn(_ slot: WorkerSlot, now: Instant) {
        do throws(Errno) {
            let process = try startProcess(slot)
            slot.process = process
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

    func launcher(of slot: WorkerSlot) -> any ChildLauncher {
        if slot.role == .admin { return current.launcher }
        return slot.edition?.launcher ?? post(of: slot).launcher
    }
}
