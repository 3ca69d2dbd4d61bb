// SPDX-License-Identifier: Apache-2.0

import Shared

/// What `lychgate-worker version` says of itself: its build and what it speaks.
struct WorkerVersion: Equatable, CustomStringConvertible {
    let text: String

    static let own = WorkerVersion(text: "\(Version.current) (protocol \(ControlProtocol.version))")
    static let patience = Duration.seconds(2)

    var description: String { text }

    /// Asks a program; it writes its answer into descriptor 4.
    static func ask(_ program: String) throws(UpgradeFailure) -> WorkerVersion {
        let answer: (exit: ChildProcess.Exit?, bytes: [UInt8])
        do throws(Errno) {
            answer = try run(program)
        } catch {
            throw .worker("\(program) cannot be run: \(error)")
        }
        guard let exit = answer.exit else { throw .worker("\(program) does not say its version in time") }
        guard exit.code == ExitCode.success, !answer.bytes.isEmpty else {
            throw .worker("\(program) does not say its version (\(exit))")
        }
        return WorkerVersion(text: String(decoding: answer.bytes, as: UTF8.self))
    }

    private static func run(_ program: String) throws(Errno) -> (ChildProcess.Exit?, [UInt8]) {
        let output = try MemoryFile.empty(name: "lychgate-version")
        let child = try ChildProcess.spawn(path: program, arguments: ["version"], descriptors: [-1, output.raw])
        let exit = child.wait(until: Instant.now + patience)
        if exit == nil {
            child.signal(SlotStateMachine.signalKill)
            _ = child.wait(until: Instant.now + ShutdownStateMachine.reapAllowance)
        }
        return (exit, try MemoryFile.sealAndRead(output))
    }
}
