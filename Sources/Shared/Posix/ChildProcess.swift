// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A child that we started, held by its pidfd, so that a signal can never reach a stranger with a recycled pid.
package struct ChildProcess: ~Copyable {
    package let pid: Int32
    package let pidfd: FileDescriptor

    /// How a child ended.
    package struct Exit: Equatable, Sendable, CustomStringConvertible {
        /// Exit code; nil when a signal ended it.
        package let code: Int32?
        package let signal: Int32?
        package let userMicroseconds: Int64
        package let systemMicroseconds: Int64
        package let maxResidentKiB: Int64
        /// Page faults without and with a read from disk, and how often it gave up and lost the processor.
        package let minorFaults: Int64
        package let majorFaults: Int64
        package let voluntarySwitches: Int64
        package let involuntarySwitches: Int64

        package init(
            code: Int32?, signal: Int32?, userMicroseconds: Int64 = 0, systemMicroseconds: Int64 = 0,
            maxResidentKiB: Int64 = 0, minorFaults: Int64 = 0, majorFaults: Int64 = 0, voluntarySwitches: Int64 = 0,
            involuntarySwitches: Int64 = 0
        ) {
            self.code = code
            self.signal = signal
            self.userMicroseconds = userMicroseconds
            self.systemMicroseconds = systemMicroseconds
            self.maxResidentKiB = maxResidentKiB
            self.minorFaults = minorFaults
            self.majorFaults = majorFaults
            self.voluntarySwitches = voluntarySwitches
            self.involuntarySwitches = involuntarySwitches
        }

        package var description: String {
            if let signal { return "signal \(signal)" }
            return "exit \(code ?? -1)"
        }
    }

    /// Starts `path` with an environment of exactly `environment`; `descriptors[i]` is its descriptor 3 + i (-1: closed).
    /// `name`: what it is told to be called, if that is not the path.
    package static func spawn(
        path: String, name: String? = nil, arguments: [String], environment: [String] = [], descriptors: [Int32]
    ) throws(Errno) -> ChildProcess {
        let argv = CStringArray([name ?? path] + arguments)
        let envp = CStringArray(environment)
        let result = withExtendedLifetime((argv, envp)) {
            unsafe descriptors.withUnsafeBufferPointer { fds in
                unsafe lg_spawn(path, argv.pointers, envp.pointers, fds.baseAddress, Int32(fds.count))
            }
        }
        let pid = try Errno.check(result)
        // The child is ours and not reaped yet, so its pid cannot be another's.
        let pidfd = lg_pidfd_open(pid)
        if pidfd < 0 {
            // Out of descriptors: a child that cannot be watched must not live on.
            lg_kill_and_reap(pid)
            throw Errno(-pidfd)
        }
        return ChildProcess(pid: pid, pidfd: FileDescriptor(owning: pidfd))
    }

    package init(pid: Int32, pidfd: consuming FileDescriptor) {
        self.pid = pid
        self.pidfd = pidfd
    }

    package func signal(_ signal: Int32) {
        // ESRCH: it has ended already, and its pidfd says so next.
        _ = lg_pidfd_send_signal(pidfd.raw, signal)
    }

    /// Reaps it if it has ended; nil while it runs.
    package func reap() -> Exit? {
        var status: Int32 = 0
        var usage = rusage()
        guard unsafe lg_pidfd_reap(pidfd.raw, &status, &usage) == 1 else { return nil }
        let signal = lg_status_signal(status)
        return Exit(
            code: lg_status_exited(status) ? lg_status_code(status) : nil, signal: signal == 0 ? nil : signal,
            userMicroseconds: Int64(usage.ru_utime.tv_sec) * 1_000_000 + Int64(usage.ru_utime.tv_usec),
            systemMicroseconds: Int64(usage.ru_stime.tv_sec) * 1_000_000 + Int64(usage.ru_stime.tv_usec),
            maxResidentKiB: Int64(usage.ru_maxrss), minorFaults: Int64(usage.ru_minflt),
            majorFaults: Int64(usage.ru_majflt), voluntarySwitches: Int64(usage.ru_nvcsw),
            involuntarySwitches: Int64(usage.ru_nivcsw))
    }
}

/// A NULL-terminated array of C strings, as execve(2) takes it, that lives as long as this object.
@safe final class CStringArray {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointers = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() {
            let bytes = string.utf8CString
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            for (offset, byte) in bytes.enumerated() { unsafe copy[offset] = byte }
            unsafe pointers[index] = copy
        }
        unsafe pointers[strings.count] = nil
    }

    deinit {
        for index in 0..<count { unsafe pointers[index]?.deallocate() }
        unsafe pointers.deallocate()
    }
}
