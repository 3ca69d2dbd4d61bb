// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Testing

@testable import Shared

@Suite("Memory file")
struct MemoryFileTests {
    @Test(arguments: [0, 1, 4_095, 4_096, 4_097, 1_000_000])
    func contentsComeBackAsOftenAsOneLikes(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let bytes = random.bytes(count)
        let file = try MemoryFile.sealed(name: "test", bytes: bytes)
        #expect(try MemoryFile.read(file) == bytes)
        #expect(try MemoryFile.read(file) == bytes)
        #expect(fcntl(file.raw, F_GETFD) == FD_CLOEXEC)
    }

    @Test func aSealedFileCannotBeChanged() throws {
        let file = try MemoryFile.sealed(name: "test", bytes: [1, 2, 3])
        let written = unsafe lg_write(file.raw, [9] as [UInt8], 1)
        #expect(written == -Int(EPERM))
        #expect(lg_ftruncate(file.raw, 0) == -EPERM)
        #expect(lg_ftruncate(file.raw, 9) == -EPERM)
        let writable = unsafe lg_map_shared(file.raw, 3, true) != nil
        #expect(!writable)
        #expect(try MemoryFile.read(file) == [1, 2, 3])
    }

    @Test func anUnsealedFileIsRefused() throws {
        let file = FileDescriptor(owning: try Errno.check(unsafe lg_memfd("test")))
        _ = try Errno.check(lg_ftruncate(file.raw, 10))
        #expect(throws: Errno(EPERM)) { try MemoryFile.read(file) }
        let (left, right) = try Sockets.streamPair()
        close(right)
        let socket = FileDescriptor(owning: left)
        #expect(throws: Errno(EPERM)) { try MemoryFile.read(socket) }
    }

    @Test func anOversizedFileIsRefused() throws {
        let file = FileDescriptor(owning: try Errno.check(unsafe lg_memfd("test")))
        _ = try Errno.check(lg_ftruncate(file.raw, Int64(MemoryFile.maxSize + 1)))
        _ = try Errno.check(lg_memfd_seal(file.raw))
        #expect(throws: Errno(EFBIG)) { try MemoryFile.read(file) }
    }
}
