// SPDX-License-Identifier: Apache-2.0

import Glibc

/// This process's own program.
package enum ProcessImage {
    /// Becomes another program (execv(3)): same pid, environment, standard descriptors. Returns only when it failed.
    package static func replace(path: String, arguments: [String]) -> Errno {
        let argv = CStringArray([path] + arguments)
        _ = unsafe execv(path, argv.pointers)
        return Errno(errno)
    }

    /// Ends this process after writing out what `print` still holds.
    package static func exit(_ code: Int32) -> Never {
        Glibc.exit(code)
    }

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
