// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Two connected SOCK_SEQPACKET sockets: one record is one message.
package enum SocketPair {
    /// Both ends, close-on-exec and non-blocking; the caller owns them.
    package static func make() throws(Errno) -> (ours: Int32, theirs: Int32) {
        var ends: [Int32] = [-1, -1]
        let result = unsafe ends.withUnsafeMutableBufferPointer { buffer in
            unsafe lg_socketpair_seqpacket(buffer.baseAddress)
        }
        _ = try Errno.check(result)
        return (ends[0], ends[1])
    }
}
