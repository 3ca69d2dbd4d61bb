// SPDX-License-Identifier: Apache-2.0

import Shared

/// Descriptors that the program before this one left open for us. We work with second ones; the originals stay open
/// until we are sure of ourselves, so that the program before can be gone back to.
final class PassedDescriptors {
    /// EBADF: there is none of that number.
    func take(_ raw: Int32) throws(Errno) -> FileDescriptor {
        guard raw > 2 else { throw .badDescriptor }
        return try FileDescriptor.duplicate(raw)
    }

    /// There is no way back any more.
    func closeOriginals(_ numbers: [Int32]) {
        for raw in Set(numbers) where raw > 2 { _ = FileDescriptor(owning: raw) }
    }
}
