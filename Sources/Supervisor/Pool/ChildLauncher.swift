// SPDX-License-Identifier: Apache-2.0

import Shared

/// Starts children: as processes in production, inside one process in the simulator.
protocol ChildLauncher: AnyObject {
    /// The versions of the control protocol that its children may speak.
    var speaks: ClosedRange<UInt32> { get }
    func launch(_ role: WorkerRole) throws(Errno) -> LaunchedChild
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
    /// Anonymous memory in bytes; nil: unknown.
    var memory: UInt64? { get }
    func signal(_ signal: Int32)
    /// Reaps it if it has ended; nil while it runs.
    func reap() -> ChildProcess.Exit?
    /// Kills it, waits for its end (until `deadline` at most) and reaps it.
    func end(by deadline: Instant)
}

/// A child process.
final class SpawnedChild: RunningChild {
    private let process: ChildProcess
    private let groups: WorkerGroups?
    /// Its control group's folder; nil: it has none of its own.
    private var group: String?

    init(_ process: consuming ChildProcess, groups: WorkerGroups? = nil, group: String? = nil) {
        self.process = process
        self.groups = groups
        self.group = group
    }

    var pid: Int32 { process.pid }
    var exitDescriptor: Int32 { process.pidfd.raw }
    /// The larger of what the process and what its control group shows.
    var memory: UInt64? {
        let own = ProcessFigures.rssAnonBytes(pid: process.pid)
        return [own, group.flatMap { WorkerGroups.memory(of: $0) }].compactMap(\.self).max()
    }

    func signal(_ signal: Int32) { process.signal(signal) }

    func reap() -> ChildProcess.Exit? {
        guard let exit = process.reap() else { return nil }
        leaveGroup()
        return exit
    }

    private func leaveGroup() {
        if let group { groups?.left(group) }
        group = nil
    }

    func end(by deadline: Instant) {
        process.signal(SlotStateMachine.signalKill)
        _ = process.wait(until: deadline)
        leaveGroup()
    }
}
