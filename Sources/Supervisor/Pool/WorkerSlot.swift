// SPDX-License-Identifier: Apache-2.0

import Shared

/// One place in the pool: its machine and the process that holds it now.
final class WorkerSlot {
    let number: Int
    let role: WorkerRole
    var machine: SlotStateMachine
    var process: WorkerProcess?
    /// What gateway workers are started with here; nil for a keyring.
    var edition: Edition?
    /// What its process last complained of.
    var lastFault: ToSupervisor.Fault?
    /// Why its process was told to drain while the others go on; nil: it was not.
    var leavesFor: RecycleReason?
    var timer = Reactor.Timer.none

    init(number: Int, role: WorkerRole, isSpare: Bool = false, startAllowance: Duration, now: Instant) {
        self.number = number
        self.role = role
        machine =
            isSpare
            ? .spare(startAllowance: startAllowance, now: now)
            : SlotStateMachine(startAllowance: startAllowance, mayWaitOnceGreeted: role == .keyring, now: now)
    }

    var id: WorkerID { WorkerID(slot: number, generation: machine.generation) }

    /// The state in one word, as `lychgate status` shows it.
    var stateName: String { state.name }

    /// The state as the supervisor's panel has it.
    var state: ProcessRow.State {
        switch machine.state {
        case .waiting: .waiting
        case .starting: .starting
        case .ready: .ready
        case .draining: .draining
        case .aborted, .killed: .ending
        case .gone: .gone
        }
    }
}
