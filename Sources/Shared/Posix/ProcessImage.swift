// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// This process's own program.
package enum ProcessImage {
    /// Becomes another program (execv(3)): same pid, environment, standard descriptors. Returns only when it failed.
    /// `name`: what it is told to be called, if that is not the path.
    package static func replace(path: String, name: String? = nil, arguments: [String]) -> Errno {
        let argv = CStringArray([name ?? path] + arguments)
        _ = unsafe execv(path, argv.pointers)
        return Errno(errno)
    }

    /// Ends this process after writing out what `print` still holds.
    package static func exit(_ code: Int32) -> Never {
        Glibc.exit(code)
    }

    /// Where this program was started from, absolute, symbolic links as they were: what lies there later may be another
    /// build. nil: it was started by a descriptor, not by a path that lasts.
    package static func startedFrom() -> String? {
        guard let given = unsafe lg_started_from() else { return nil }
        let path = unsafe String(cString: given)
        if path.hasPrefix("/proc/") || path.hasPrefix("/dev/fd/") { return nil }
        if path.hasPrefix("/") { return path }
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        return unsafe bytes.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let base = buffer.baseAddress, unsafe getcwd(base, buffer.count) != nil else { return nil }
            return unsafe String(cString: base) + "/" + path
        }
    }

    /// What `ps` and the kernel's messages call this process; a program that was started by a descriptor is a number to
    /// them.
    package static func setName(_ name: String) { _ = unsafe lg_set_process_name(name) }

    /// The path of the running program, as the kernel knows it.
    package static func path() -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        return unsafe bytes.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let base = buffer.baseAddress, unsafe readlink("/proc/self/exe", base, Int(PATH_MAX)) > 0 else {
                return nil
            }
            return unsafe String(cString: base)
        }
    }
}
