// SPDX-License-Identifier: Apache-2.0

/// The control socket: how `lychgate status` and its siblings reach a running supervisor.
package struct ControlConfiguration: Codable, Equatable, Sendable {
    /// Path of the Unix socket (mode 0660); nil: none.
    package var socket: String?

    package init(socket: String? = "/run/lychgate/control.sock") {
        self.socket = socket
    }
}
