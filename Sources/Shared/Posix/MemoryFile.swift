// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Files in memory (memfd_create(2)) by which processes hand each other documents that nobody can change afterwards.
package enum MemoryFile {
    /// Documents above this size are refused on reading.
    package static let maxSize = 16 * 1_048_576

    /// A sealed file with these bytes.
    package static func sealed(name: String, bytes: [UInt8]) throws(Errno) -> FileDescriptor {
        let file = FileDescriptor(owning: try Errno.check(unsafe lg_memfd(name)))
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe lg_write(file.raw, buffer.baseAddress?.advanced(by: written), bytes.count - written)
            }
            written += try Errno.check(count)
        }
        _ = try Errno.check(lg_memfd_seal(file.raw))
        return file
    }

    /// Whether nobody can change this file any more, and `read` would take it.
    package static func isAcceptable(_ file: borrowing FileDescriptor) -> Bool {
        let size = lg_file_size(file.raw)
        return lg_memfd_is_sealed(file.raw) && size > 0 && size <= Int64(maxSize)
    }

    /// The bytes of a sealed file. An unsealed one could change while it is read, so it is refused (EPERM).
    package static func read(_ file: borrowing FileDescriptor) throws(Errno) -> [UInt8] {
        guard lg_memfd_is_sealed(file.raw) else { throw Errno(1) }
        let size = Int(try Errno.check(lg_file_size(file.raw)))
        guard size > 0 else { return [] }
        guard size <= maxSize else { throw Errno(27) }
        // Mapped, not read: several processes share the descriptor's position.
        guard let mapping = unsafe lg_map_shared(file.raw, size, false) else { throw .outOfMemory }
        defer { _ = unsafe lg_unmap(mapping, size) }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: mapping, count: size))
    }
}
