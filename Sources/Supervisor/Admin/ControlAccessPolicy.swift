// SPDX-License-Identifier: Apache-2.0

import Shared

/// Who may use the control socket: root, the supervisor's own user, and members of its group. Pure. The socket's mode
/// says the same; this holds also where the file's mode was changed.
enum ControlAccessPolicy {
    static func allows(_ peer: LocalPeer, ownUser: UInt32) -> Bool {
        peer.user == 0 || peer.user == ownUser || peer.sharesGroup
    }
}
