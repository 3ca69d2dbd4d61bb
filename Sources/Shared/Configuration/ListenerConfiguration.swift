// SPDX-License-Identifier: Apache-2.0

/// One listener: where clients connect, and how TLS is spoken there.
package struct ListenerConfiguration: Codable, Equatable, Sendable {
    /// The listener's name: in logs and metrics, and systemd's `FileDescriptorName=` that it takes its sockets from.
    package var name: String
    /// `ADDRESS:PORT`, IPv6 in brackets; nil when systemd passes the socket.
    package var address: String?
    /// nil: plain HTTP, which is accepted on loopback addresses only.
    package var tls: ServerTLS?
    /// nil: nobody is believed to speak for others.
    package var proxyProtocol: ProxyProtocol?

    /// Proxies that begin each connection with a PROXY header (version 2).
    package struct ProxyProtocol: Codable, Equatable, Sendable {
        /// Their addresses: ranges such as `10.0.0.0/8`, or single ones. Connections from elsewhere are plain.
        package var from: [String]

        package init(from: [String]) {
            self.from = from
        }
    }

    /// Whose PROXY headers are believed.
    package var proxies: [AddressRange] { proxyProtocol?.from.compactMap { AddressRange($0) } ?? [] }

    package struct ServerTLS: Codable, Equatable, Sendable {
        /// PEM: the server's certificate, then its intermediates.
        package var certificateFile: String
        /// PEM: the private key of the first certificate.
        package var keyFile: String
        package var minimumVersion: TLSVersion

        package init(certificateFile: String, keyFile: String, minimumVersion: TLSVersion = .tls12) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.minimumVersion = minimumVersion
        }
    }

    package enum TLSVersion: String, Codable, Equatable, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    package init(name: String = "main", address: String?, tls: ServerTLS?, proxyProtocol: ProxyProtocol? = nil) {
        self.name = name
        self.address = address
        self.tls = tls
        self.proxyProtocol = proxyProtocol
    }
}
