// SPDX-License-Identifier: Apache-2.0

import CLinux

/// What becomes of this process when the one that started it dies (PR_SET_PDEATHSIG, prctl(2)). The parent's becoming
/// another program, as in an upgrade, is no death.
package enum ParentDeath {
    /// It may go on for so long, and not longer even if it hangs or was stopped: SIGALRM ends it.
    ///
    /// - Parameter channel: a socket whose other end is the parent's alone: closed, when the parent is gone already.
    package static func endsThisProcess(after allowance: Duration, channel: Int32) {
        let (seconds, attoseconds) = allowance.components
        // alarm(2) counts whole seconds, and 0 would call it off.
        _ = lg_end_after_parent(UInt32(clamping: max(1, seconds + (attoseconds > 0 ? 1 : 0))), channel)
    }

    /// Who asked is gone: so is this process, at once.
    package static func endsThisProcess() { _ = lg_end_with_parent() }
}
