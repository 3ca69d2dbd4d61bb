// SPDX-License-Identifier: Apache-2.0

import Shared

/// Starts children: as processes in production, inside one process in the simulator.
protocol ChildLauncher: AnyObject {
    /// The versions of the control protocol that its children may speak.
    var speaks: ClosedRange<UInt32> { get }
    /// - Parameter id: what it is called here and towards everybody.
    func launch(_ role: WorkerRole, as id: WorkerID) throws(Errno) -> LaunchedChild
}

extension ChildLauncher {
    /// Children of our own build.
    var speaks: ClosedRange<UInt32> { ControlProtocol.version...ControlProtocol.version }
}

/// A child that was started, and what the supervisor has of it.
struct LaunchedChild {
    let process: any RunningChild
    /// Our end of its control channel, which the receiver owns.
    let channel: Int32
    let panel: PanelReader
}

/// A child that runs, or has ended and was not reaped.
protocol RunningChild: AnyObject {
    var pid: Int32 { get }
    /// Readable once it has ended (a pidfd); it stays the child's.
    var exitDescriptor: Int32 { get }
    /// Memory in bytes; nil: unknown.
    var memory: UInt64? { get }
    /// The name of its own control group; nil: it has none.
    var group: String? { get }
    func signal(_ signal: Int32)
    /// Reaps it if it has ended; nil while it runs.
    func reap() -> ChildProcess.Exit?
    /// Kills it, waits for its end (until `deadline` at most) and reaps it.
    func end(by deadline: Instant)
}

extension RunningChild {
    var group: String? { nil }
}

/// A child process.
final class SpawnedChild: RunningChild {
    private let process: ChildProcess
    /// nil: it has no control group of its own.
    private var ownGroup: WorkerGroup?

    init(_ process: consuming ChildProcess, group: WorkerGroup? = nil) {
        self.process = process
        ownGroup = group
    }

    var pid: Int32 { process.pid }
    var exitDescriptor: Int32 { process.pidfd.raw }
    var memory: UInt64? { WorkerGroup.memory(of: process.pid, in: ownGroup) }
    var group: String? { ownGroup?.name }

    func signal(_ signal: Int32) { process.signal(signal) }

    func reap() -> ChildProcess.Exit? {
        guard let exit = process.reap() else { return nil }
        leaveGroup()
        return exit
    }

    private func leaveGroup() {
        ownGroup?.leave()
        ownGroup = nil
    }

    func end(by deadline: Instant) {
        process.signal(SlotStateMachine.signalKill)
        _ = process.wait(until: deadline)
        leaveGroup()
    }
}
