// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Shared

@Suite("File descriptor")
struct FileDescriptorTests {
    @Test func isClosedWithItsOwner() throws {
        let (left, right) = try Sockets.streamPair()
        defer { close(right) }
        do {
            let descriptor = FileDescriptor(owning: left)
            #expect(Sockets.write(descriptor.raw, "x") == 1)
        }
        #expect(Sockets.readToEnd(right) == "x")
    }

    @Test func aReleasedOneStaysOpen() throws {
        let (left, right) = try Sockets.streamPair()
        defer { for fd in [left, right] { close(fd) } }
        let descriptor = FileDescriptor(owning: left)
        let released = descriptor.release()
        #expect(released == left)
        #expect(Sockets.write(left, "x") == 1)
        #expect(Sockets.read(right) == [0x78])
    }

    @Test func closingTwiceEndsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            let (low, _) = try Sockets.streamPair()
            // A number that nothing else in the process takes meanwhile.
            let left = fcntl(low, F_DUPFD_CLOEXEC, 500)
            let descriptor = FileDescriptor(owning: left)
            close(left)
            _ = consume descriptor
        }
        await #expect(processExitsWith: .failure) { _ = FileDescriptor(owning: -1) }
    }
}
