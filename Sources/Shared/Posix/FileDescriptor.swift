// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The one owner of an open descriptor: it is closed when its owner ends, exactly once.
package struct FileDescriptor: ~Copyable {
    package let raw: Int32

    /// Takes ownership of `raw`, which nobody else may close from now on.
    package init(owning raw: Int32) {
        precondition(raw >= 0, "a descriptor is never below zero")
        self.raw = raw
    }

    deinit {
        // EBADF here would mean two owners, and the next descriptor of that number would be somebody else's.
        precondition(lg_close(raw) != -9, "descriptor closed twice")
    }

    /// Gives ownership away: the caller closes it from now on.
    package consuming func release() -> Int32 {
        let raw = self.raw
        discard self
        return raw
    }

    /// A second one of the same open file, close-on-exec.
    package static func duplicate(_ raw: Int32) throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: try Errno.check(lg_duplicate(raw)))
    }

    /// Whether `raw`, whoever owns it, is closed when this process becomes another program.
    package static func setCloseOnExec(_ raw: Int32, _ closes: Bool) throws(Errno) {
        _ = try Errno.check(lg_set_close_on_exec(raw, closes))
    }
}
