// SPDX-License-Identifier: Apache-2.0

import CLinux

/// What the supervisor asks of an accepted connection that it only holds a copy of.
package enum AcceptedSocket {
    /// Bytes that somebody has read from it. The kernel counts, so that a dead worker need not be believed.
    package static func bytesConsumed(_ socket: borrowing FileDescriptor) throws(Errno) -> Int64 {
        try Errno.check(lg_tcp_bytes_consumed(socket.raw))
    }

    /// Closes it with RST: the client learns at once that nobody will answer.
    package static func reset(_ socket: consuming FileDescriptor) {
        _ = lg_set_linger_reset(socket.raw)
    }
}
