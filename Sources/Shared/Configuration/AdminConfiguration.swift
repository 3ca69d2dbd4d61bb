// SPDX-License-Identifier: Apache-2.0

/// The admin listener: health and metrics over HTTP, served by a process of its own.
package struct AdminConfiguration: Codable, Equatable, Sendable {
    /// The name of its socket when systemd passes it, and in `lychgate status`.
    package static let name = "admin"

    /// `ADDRESS:PORT`, IPv6 in brackets.
    package var address: String
    /// nil: plain HTTP, which is accepted on loopback addresses only.
    package var tls: ListenerConfiguration.ServerTLS?

    package init(address: String, tls: ListenerConfiguration.ServerTLS? = nil) {
        self.address = address
        self.tls = tls
    }

    /// As the listener that it is.
    package var listener: ListenerConfiguration {
        ListenerConfiguration(name: Self.name, address: address, tls: tls)
    }
}
