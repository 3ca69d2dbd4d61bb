// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The client's end of a Unix stream socket, for commands that have no event loop: every wait has the one deadline.
package struct UnixConnection: ~Copyable {
    private let descriptor: FileDescriptor
    private let deadline: Instant

    /// Connects to the socket at `path`. ETIMEDOUT: nobody accepted in time.
    package init(path: String, deadline: Instant) throws(Errno) {
        let descriptor = FileDescriptor(owning: try Errno.check(lg_socket(AF_UNIX, Int32(SOCK_STREAM.rawValue))))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // One byte stays for the NUL.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Errno(ENAMETOOLONG) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        while true {
            let result = unsafe lg_connect(descriptor.raw, &address, UInt32(MemoryLayout<sockaddr_un>.size))
            if result == 0 {
                break
            }
            // A Unix socket with a full backlog answers EAGAIN, and nothing tells when there is room (unix(7)).
            guard result == -EAGAIN || result == -EINTR else { throw Errno(-result) }
            guard Instant(nanoseconds: lg_monotonic_ns()) < deadline else { throw Errno(ETIMEDOUT) }
            usleep(10_000)
        }
        self.descriptor = descriptor
        self.deadline = deadline
    }

    /// Sends all of it.
    package borrowing func send(_ bytes: [UInt8]) throws(Errno) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe lg_send(self.descriptor.raw, buffer.baseAddress?.advanced(by: sent), bytes.count - sent)
            }
            if count == -Int(EAGAIN) {
                guard Polling.wait(for: self.descriptor.raw, Int16(POLLOUT), until: self.deadline) else {
                    throw Errno(ETIMEDOUT)
                }
            } else {
                sent += try Errno.check(count)
            }
        }
    }

    /// Reads up to and without the next newline; what the peer sent before its end counts as a line, too.
    ///
    /// - Throws: EMSGSIZE above `limit` bytes, ETIMEDOUT after the deadline.
    package borrowing func readLine(limit: Int) throws(Errno) -> [UInt8] {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while line.count <= limit {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe lg_read(self.descriptor.raw, buffer.baseAddress, buffer.count)
            }
            if count == -Int(EAGAIN) {
                guard Polling.wait(for: self.descriptor.raw, Int16(POLLIN), until: self.deadline) else {
                    throw Errno(ETIMEDOUT)
                }
                continue
            }
            guard try Errno.check(count) > 0 else { return line }
            let received = chunk[..<count]
            if let newline = received.firstIndex(of: UInt8(ascii: "\n")) {
                line.append(contentsOf: received[..<newline])
                return line
            }
            line.append(contentsOf: received)
        }
        throw Errno(EMSGSIZE)
    }
}
