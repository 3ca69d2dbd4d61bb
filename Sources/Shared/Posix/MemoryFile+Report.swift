// SPDX-License-Identifier: Apache-2.0

import CLinux

extension MemoryFile {
    /// An empty file for a child to write its report into. Unlike a pipe it never fills up, so nobody has to read while
    /// the child runs.
    package static func empty(name: String) throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: try Errno.check(unsafe lg_memfd(name)))
    }

    /// Adds bytes to a file that is not sealed.
    package static func append(_ bytes: [UInt8], to file: borrowing FileDescriptor) throws(Errno) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe lg_write(file.raw, buffer.baseAddress?.advanced(by: written), bytes.count - written)
            }
            written += try Errno.check(count)
        }
    }

    /// What the child wrote; the file is sealed first, in case the child left a process behind.
    package static func sealAndRead(_ file: borrowing FileDescriptor) throws(Errno) -> [UInt8] {
        _ = try Errno.check(lg_memfd_seal(file.raw))
        return try Self.read(file)
    }
}
