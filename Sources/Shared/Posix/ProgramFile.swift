// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A program that is kept open, so that what is started later is what was looked at before, whatever has become of its
/// path: an upgrade on disk never mixes versions.
package final class ProgramFile {
    /// Where it was found, and what processes started from it are called.
    package let path: String
    private let file: FileDescriptor

    /// EACCES: it is no program, or not for us.
    package init(_ path: String) throws(Errno) {
        guard FileSystem.isExecutable(path) else { throw .permissionDenied }
        self.path = path
        file = FileDescriptor(owning: try Errno.check(unsafe lg_open_path(path)))
    }

    /// One that was opened before.
    package init(_ path: String, opened file: consuming FileDescriptor) {
        self.path = path
        self.file = file
    }

    package var raw: Int32 { file.raw }

    /// A path to it for children: their own descriptors are closed by the time they look (proc(5)).
    package var pathForChildren: String { "/proc/\(ProcessFigures.ownPid)/fd/\(file.raw)" }

    /// A path to it for this process, when it becomes this program.
    package var pathForItself: String { "/proc/self/fd/\(file.raw)" }
}
