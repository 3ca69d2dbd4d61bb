// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The few changes that we make to the file system.
package enum FileSystem {
    /// Makes one folder; it is no error when it is there already.
    package static func makeFolder(_ path: String, mode: UInt32) throws(Errno) {
        guard unsafe mkdir(path, mode) != 0, errno != EEXIST else { return }
        throw Errno(errno)
    }

    package static func isSocket(_ path: String) throws(Errno) -> Bool {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw Errno(errno) }
        return status.st_mode & S_IFMT == S_IFSOCK
    }

    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    package static func isExecutable(_ path: String) -> Bool {
        unsafe access(path, X_OK) == 0
    }

    package static func removeFolder(_ path: String) throws(Errno) {
        guard unsafe rmdir(path) != 0 else { return }
        throw Errno(errno)
    }

    package static func unlink(_ path: String) throws(Errno) {
        guard unsafe Glibc.unlink(path) != 0 else { return }
        throw Errno(errno)
    }
}
