// SPDX-License-Identifier: Apache-2.0

import Shared

/// What a running supervisor can take over from a new configuration, and what needs a new keyring. Pure.
enum ReloadPolicy {
    /// Why it cannot go over to that configuration; nil: it can.
    static func refusal(from old: GatewayConfiguration, to new: GatewayConfiguration) -> String? {
        let places = { (configuration: GatewayConfiguration) in
            configuration.listeners.map { "\($0.name)=\($0.address ?? "systemd")" }
        }
        if places(old) != places(new) {
            return
                "listeners have other names or addresses than the running gateway's; that needs a restart of the service"
        }
        if old.control.socket != new.control.socket {
            return "control.socket is not the running gateway's; that needs a restart of the service"
        }
        if old.admin != new.admin {
            return "admin is not the running gateway's; that needs a restart of the service"
        }
        return nil
    }

    /// Whether the keyring works with something that has changed.
    static func changesKeyring(from old: GatewayConfiguration, to new: GatewayConfiguration) -> Bool {
        old.authentication != new.authentication || old.logging != new.logging
            || old.workers.executable != new.workers.executable
            || old.workers.maxInFlight != new.workers.maxInFlight
            || old.deadlines.identity != new.deadlines.identity
            || old.deadlines.workerStart != new.deadlines.workerStart
    }
}
