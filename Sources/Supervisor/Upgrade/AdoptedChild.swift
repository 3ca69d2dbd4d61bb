// SPDX-License-Identifier: Apache-2.0

import Shared

/// A child that the program before us started. It is ours all the same: a process keeps its children when it becomes
/// another program.
final class AdoptedChild: RunningChild {
    private let process: ChildProcess

    init(pid: Int32, pidfd: consuming FileDescriptor) {
        process = ChildProcess(pid: pid, pidfd: pidfd)
    }

    var pid: Int32 { process.pid }
    var exitDescriptor: Int32 { process.pidfd.raw }
    var memory: UInt64? { ProcessFigures.rssAnonBytes(pid: process.pid) }
    func signal(_ signal: Int32) { process.signal(signal) }
    func reap() -> ChildProcess.Exit? { process.reap() }
    /// It is not ours to end as long as the program before us may be gone back to.
    func end(by deadline: Instant) {}

    static func launched(
        _ saved: SavedPool.Process, from passed: PassedDescriptors
    ) throws(Errno) -> LaunchedChild {
        let panel = try PanelReader(adopting: try passed.take(saved.panel))
        let child = AdoptedChild(pid: saved.pid, pidfd: try passed.take(saved.pidfd))
        return LaunchedChild(process: child, channel: try passed.take(saved.channel).release(), panel: panel)
    }
}
