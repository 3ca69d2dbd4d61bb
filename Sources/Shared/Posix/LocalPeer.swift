// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Who is at the other end of a Unix socket, as the kernel knows it (SO_PEERCRED, unix(7)).
package struct LocalPeer: Equatable, Sendable {
    package let user: UInt32
    package let group: UInt32
    package let pid: Int32
    /// Whether this process's own group is among the peer's.
    package let sharesGroup: Bool

    package init(user: UInt32, group: UInt32, pid: Int32, sharesGroup: Bool) {
        self.user = user
        self.group = group
        self.pid = pid
        self.sharesGroup = sharesGroup
    }

    package init(of socket: borrowing FileDescriptor) throws(Errno) {
        var user: UInt32 = 0
        var group: UInt32 = 0
        var pid: Int32 = 0
        _ = try Errno.check(unsafe lg_peer_credentials(socket.raw, &user, &group, &pid))
        let own = getegid()
        self.init(
            user: user, group: group, pid: pid,
            sharesGroup: group == own || lg_peer_in_group(socket.raw, own) == 1)
    }

    /// This process's user.
    package static var ownUser: UInt32 { geteuid() }
}
