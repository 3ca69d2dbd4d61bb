// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

/// The new program's check of itself, as a child beside the running loop.
final class UpgradeCheckRun: EventHandler {
    /// The hidden command of the new program, and the descriptors that it is given.
    static let command = "upgrade-check"
    static let stateDescriptor: Int32 = 3
    static let reportDescriptor: Int32 = 4
    /// Bytes of its report that are read.
    private static let longestReport = 4_096

    private let reactor: Reactor
    private let child: ChildProcess
    private let report: FileDescriptor
    private let done: (ChildProcess.Exit, String) -> Void
    private var registration = Reactor.Registration.none

    /// - Parameter done: called once, from the loop.
    init(
        _ program: ProgramFile, state: [UInt8], reactor: Reactor,
        done: @escaping (ChildProcess.Exit, String) -> Void
    ) throws(Errno) {
        self.reactor = reactor
        self.done = done
        let file = try MemoryFile.sealed(name: "lychgate-upgrade", bytes: state)
        report = try MemoryFile.empty(name: "lychgate-upgrade-check")
        // It reads the configuration as this process did: with the same environment, in the same folder.
        child = try ChildProcess.spawn(
            path: program.pathForChildren, name: program.path, arguments: [Self.command],
            environment: ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" },
            descriptors: [file.raw, report.raw])
        do throws(Errno) {
            registration = try reactor.register(child.pidfd.raw, .read, handler: self)
        } catch {
            end()
            throw error
        }
    }

    func kill() { child.signal(SlotStateMachine.signalKill) }

    /// Nobody wants to know any more.
    func end() {
        reactor.remove(&registration)
        kill()
        _ = child.wait(until: Instant.now + ShutdownStateMachine.reapAllowance)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        guard let exit = child.reap() else { return }
        reactor.remove(&registration)
        let bytes = (try? MemoryFile.sealAndRead(report)) ?? []
        let text = String(decoding: bytes.prefix(Self.longestReport), as: UTF8.self)
        done(exit, text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
