// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A program under test. Its output goes to files, so that nothing it prints can block it.
package final class ChildProcess: @unchecked Sendable {
    package struct Exit: Equatable, Sendable {
        package let code: Int32
        package let bySignal: Bool

        package static func code(_ code: Int32) -> Exit { Exit(code: code, bySignal: false) }
    }

    package let identifier: Int32
    private let process: Process
    private let ended: DispatchSemaphore
    private let folder: TemporaryFolder

    /// Starts it with these environment variables and PATH, HOME, TMPDIR, no others.
    package init(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], folder: TemporaryFolder
    ) throws {
        Harness.prepare()
        self.folder = folder
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder.path)
        let kept = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "TMPDIR"].contains($0.key) }
        process.environment = kept.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let name = "\(URL(filePath: executable).lastPathComponent)-\(UUID().uuidString.prefix(4))"
        outputName = name + ".out"
        errorName = name + ".err"
        process.standardOutput = try Self.create(folder.file(outputName))
        process.standardError = try Self.create(folder.file(errorName))
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try Self.withNoSignalBlocked { try process.run() }
        self.process = process
        self.ended = ended
        identifier = process.processIdentifier
    }

    private let outputName: String
    private let errorName: String

    /// Dispatch's threads block nearly every signal, and a child would inherit that: SIGTERM would not reach it.
    private static func withNoSignalBlocked(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    private static func create(_ path: String) throws -> FileHandle {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw HarnessError.system(call: "open", reason: path)
        }
        return handle
    }

    /// Kills what a failed test left running.
    deinit {
        if process.isRunning { kill(identifier, SIGKILL) }
    }

    package var output: String { folder.read(outputName) }
    package var errors: String { folder.read(errorName) }

    package func signal(_ number: Int32) {
        Self.signal(identifier, number)
    }

    /// For the children of a program under test.
    package static func signal(_ identifier: Int32, _ number: Int32) {
        // kill(2) takes 0 and below for groups of processes.
        if identifier > 1 { kill(identifier, number) }
    }

    /// nil: it still runs.
    package func waitForExit(within limit: Duration) -> Exit? {
        guard ended.wait(timeout: .now() + limit.milliseconds / 1_000) == .success else { return nil }
        ended.signal()
        return Exit(code: process.terminationStatus, bySignal: process.terminationReason == .uncaughtSignal)
    }

    /// Runs a program to its end; throws when it does not end in time.
    @discardableResult
    package static func run(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:],
        within limit: Duration = .seconds(30)
    ) throws -> Finished {
        let child = try ChildProcess(
            Harness.executable(executable), arguments, environment: environment, folder: TemporaryFolder())
        guard let exit = child.waitForExit(within: limit) else {
            child.signal(SIGKILL)
            throw HarnessError.timedOut(waitingFor: "\(executable) to end; so far: \(child.output) \(child.errors)")
        }
        return Finished(exit: exit, output: child.output, errors: child.errors)
    }

    package struct Finished: Sendable {
        package let exit: Exit
        package let output: String
        package let errors: String

        package var succeeded: Bool { exit == .code(0) }
    }
}
