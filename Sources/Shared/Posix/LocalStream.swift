// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Reads and writes arrays on a non-blocking stream socket; for talk that is rare and small.
package enum LocalStream {
    /// What arrived, at most `limit` bytes; empty: the peer has ended its side. EAGAIN: nothing now.
    package static func read(_ socket: borrowing FileDescriptor, limit: Int) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe lg_read(socket.raw, buffer.baseAddress, buffer.count)
        }
        bytes.removeLast(limit - (try Errno.check(count)))
        return bytes
    }

    /// Sends what fits of `bytes` from `offset` on; gives how many bytes went. EAGAIN: none now.
    package static func send(
        _ socket: borrowing FileDescriptor, _ bytes: [UInt8], from offset: Int
    ) throws(Errno) -> Int {
        precondition(offset <= bytes.count)
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe lg_send(socket.raw, buffer.baseAddress?.advanced(by: offset), bytes.count - offset)
        }
        return try Errno.check(count)
    }
}
