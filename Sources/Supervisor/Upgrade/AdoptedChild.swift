// SPDX-License-Identifier: Apache-2.0

import Shared

/// A child that the program before us started. It is ours all the same: a process keeps its children when it becomes
/// another program.
final class AdoptedChild: RunningChild {
    private let process: ChildProcess
    /// nil: it has no control group of its own.
    private var ownGroup: WorkerGroup?

    init(pid: Int32, pidfd: consuming FileDescriptor, group: WorkerGroup?) {
        process = ChildProcess(pid: pid, pidfd: pidfd)
        ownGroup = group
    }

    var pid: Int32 { process.pid }
    var exitDescriptor: Int32 { process.pidfd.raw }
    var memory: UInt64? { WorkerGroup.memory(of: process.pid, in: ownGroup) }
    var group: String? { ownGroup?.name }
    func signal(_ signal: Int32) { process.signal(signal) }

    func reap() -> ChildProcess.Exit? {
        guard let exit = process.reap() else { return nil }
        ownGroup?.leave()
        ownGroup = nil
        return exit
    }

    /// It is not ours to end as long as the program before us may be gone back to.
    func end(by deadline: Instant) {}

    static func launched(
        _ saved: SavedPool.Process, from passed: PassedDescriptors, groups: WorkerGroups?
    ) throws(Errno) -> LaunchedChild {
        let panel = try PanelReader(adopting: try passed.take(saved.panel))
        let child = AdoptedChild(
            pid: saved.pid, pidfd: try passed.take(saved.pidfd),
            group: saved.group.flatMap { groups?.find($0, of: saved.pid) })
        return LaunchedChild(process: child, channel: try passed.take(saved.channel).release(), panel: panel)
    }
}
