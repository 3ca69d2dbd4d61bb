// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A mapped memory file as 64-bit words. Bounds are checked; every access is atomic.
@safe final class SharedWords {
    private let base: UnsafeMutablePointer<UInt64>
    private let bytes: Int
    let count: Int

    init(mapping file: borrowing FileDescriptor, bytes: Int, writable: Bool) throws(Errno) {
        let size = try Errno.check(lg_file_size(file.raw))
        // A shorter file would turn a read into SIGBUS.
        guard bytes > 0, size >= Int64(bytes), let address = unsafe lg_map_shared(file.raw, bytes, writable) else {
            throw Errno(22)
        }
        unsafe base = address.bindMemory(to: UInt64.self, capacity: bytes / 8)
        self.bytes = bytes
        count = bytes / 8
    }

    deinit {
        _ = unsafe lg_unmap(base, bytes)
    }

    func load(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < count)
        return unsafe lg_load(base + index)
    }

    func loadRelaxed(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < count)
        return unsafe lg_load_relaxed(base + index)
    }

    func store(_ index: Int, _ value: UInt64) {
        precondition(index >= 0 && index < count)
        unsafe lg_store(base + index, value)
    }

    func storeRelaxed(_ index: Int, _ value: UInt64) {
        precondition(index >= 0 && index < count)
        unsafe lg_store_relaxed(base + index, value)
    }
}
