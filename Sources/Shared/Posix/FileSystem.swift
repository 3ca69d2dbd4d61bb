// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The few changes that we make to the file system.
package enum FileSystem {
    /// Makes one folder; it is no error when it is there already.
    package static func makeFolder(_ path: String, mode: UInt32) throws(Errno) {
        guard unsafe mkdir(path, mode) != 0, errno != EEXIST else { return }
        throw Errno(errno)
    }

    package static func unlink(_ path: String) throws(Errno) {
        guard unsafe Glibc.unlink(path) != 0 else { return }
        throw Errno(errno)
    }
}
