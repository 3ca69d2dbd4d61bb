// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Shared

/// What we tell systemd (sd_notify(3)); without NOTIFY_SOCKET every call does nothing. Notifications are never allowed
/// to fail anything: who is not heard serves all the same.
struct SystemdNotifier {
    /// How often systemd expects a sign of life (WATCHDOG_USEC, for our pid); nil: not at all.
    let watchdogTimeout: Duration?

    init() {
        var microseconds: UInt64 = 0
        let enabled = unsafe sd_watchdog_enabled(0, &microseconds)
        watchdogTimeout = enabled > 0 ? .microseconds(Int64(clamping: microseconds)) : nil
    }

    func ready() { notify("READY=1") }
    /// `ready` follows in any case (Type=notify-reload).
    func reloading(_ now: Instant) { notify("RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1_000)") }
    func stopping() { notify("STOPPING=1") }
    func alive() { if watchdogTimeout != nil { notify("WATCHDOG=1") } }
    /// What goes on (a stop, a reload) may take so long from now, whatever the unit's TimeoutStopSec= or TimeoutStartSec=
    /// say: it has deadlines of its own. To be said again before that is over.
    func extendTimeout(by duration: Duration) { notify("EXTEND_TIMEOUT_USEC=\(duration.nanoseconds / 1_000)") }
    /// One line for `systemctl status`.
    func status(_ text: String) { notify("STATUS=\(text)") }

    private func notify(_ state: String) {
        _ = unsafe sd_notify(0, state)
    }
}
