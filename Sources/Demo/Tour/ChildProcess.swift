// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A child process, started by posix_spawn with the default signal state and only its three standard descriptors; its
/// output goes to a file.
final class ChildProcess {
    /// How a child ended.
    enum Ending: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    struct SpawnError: Error, CustomStringConvertible {
        let executable: String
        let code: Int32

        var description: String { "cannot start \(executable): \(String(describing: POSIXErrorCode(rawValue: code)))" }
    }

    let pid: pid_t
    private(set) var ending: Ending?

    /// Starts `executable`, with standard output and standard error written to `outputFile`.
    init(_ executable: String, _ arguments: [String], outputFile: String) throws(SpawnError) {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, outputFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // The event loops' descriptors are not close-on-exec.
        for descriptor in Self.openDescriptors() where descriptor > 2 {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        Self.setDefaultSignals(&attributes)
        var argv = unsafe ([executable] + arguments).map { unsafe strdup($0) }
        unsafe argv.append(nil)
        defer { unsafe argv.forEach { unsafe free($0) } }
        var pid: pid_t = 0
        let code = unsafe posix_spawn(&pid, executable, &actions, &attributes, argv, environ)
        guard code == 0 else { throw SpawnError(executable: executable, code: code) }
        self.pid = pid
    }

    /// How it ended, if it has.
    func poll() -> Ending? {
        guard ending == nil else { return ending }
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7f
        ending = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
        return ending
    }

    func send(_ signal: Int32) {
        guard poll() == nil else { return }
        kill(pid, signal)
    }

    /// Waits for its end; kills it with SIGKILL if that has not come within `limit`.
    @discardableResult
    func wait(upTo limit: Duration) -> Ending? {
        if Wait.until(upTo: limit, { self.poll() != nil }) == nil {
            send(SIGKILL)
            _ = Wait.until(upTo: .seconds(5)) { self.poll() != nil }
        }
        return ending
    }

    private static func openDescriptors() -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { Int32($0) }
    }

    /// Its own process group, so that a terminal's Ctrl-C comes to the demo alone, which stops it in order; no signal
    /// blocked or ignored.
    private static func setDefaultSignals(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    }
}
