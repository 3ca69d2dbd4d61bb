// SPDX-License-Identifier: Apache-2.0

/// One listener: where clients connect, and how TLS is spoken there.
package struct ListenerConfiguration: Codable, Equatable, Sendable {
    /// The listener's name: in logs and metrics, and systemd's `FileDescriptorName=` that it takes its sockets from.
    package var name: String
    /// `ADDRESS:PORT`, IPv6 in brackets; nil when systemd passes the socket.
    package var address: String?
    /// nil: plain HTTP, which is accepted on loopback addresses only.
    package var tls: ServerTLS?

    package struct ServerTLS: Codable, Equatable, Sendable {
        /// PEM: the server's certificate, then its intermediates.
        package var certificateFile: String
        /// PEM: the private key of the first certificate.
        package var keyFile: String
        package var minimumVersion: TLSVersion
        /// PEM: who may have signed the certificates that clients prove themselves with; nil: none is asked for.
        package var clientCAFile: String?

        package init(
            certificateFile: String, keyFile: String, minimumVersion: TLSVersion = .tls12, clientCAFile: String? = nil
        ) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.minimumVersion = minimumVersion
            self.clientCAFile = clientCAFile
        }
    }

    package enum TLSVersion: String, Codable, Equatable, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    package init(name: String = "main", address: String?, tls: ServerTLS?) {
        self.name = name
        self.address = address
        self.tls = tls
    }
}
