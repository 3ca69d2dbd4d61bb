// SPDX-License-Identifier: Apache-2.0

/// The Kubernetes API server that requests are proxied to, and how the gateway makes itself known there.
///
/// A credential is a file's path, or, when a kubeconfig holds it inline, its text. At most one of each pair is set.
package struct UpstreamConfiguration: Codable, Equatable, Sendable {
    /// `https://HOST[:PORT]`; no path, no user information. `http://` is accepted for loopback addresses only.
    package var server: String
    /// PEM file of the authorities that may have signed the API server's certificate; nil: the system's.
    package var certificateAuthorityFile: String?
    /// PEM text of the same, when it came inline in a kubeconfig.
    package var certificateAuthorityData: String?
    /// The name that the API server's certificate must hold; nil: the host of `server`.
    package var tlsServerName: String?
    /// PEM: the gateway's own certificate at the API server, then its intermediates.
    package var clientCertificateFile: String?
    /// PEM text of the same, when it came inline in a kubeconfig.
    package var clientCertificateData: String?
    /// PEM: the private key of that certificate.
    package var clientKeyFile: String?
    /// PEM text of the same, when it came inline in a kubeconfig.
    package var clientKeyData: SecretText?
    /// A file with the gateway's own bearer token, re-read when it changes.
    package var tokenFile: String?
    /// The bearer token, when it came inline in a kubeconfig.
    package var tokenData: SecretText?
    /// Whether HTTP/2 is offered to the API server.
    package var http2 = HTTP2.off
    package var pool: Pool

    package enum HTTP2: String, Codable, CaseIterable, Sendable {
        /// The server chooses between it and HTTP/1.1 (ALPN), where it speaks TLS.
        case auto
        case off
    }

    /// Bounds of each worker's pool of connections to the API server.
    package struct Pool: Codable, Equatable, Sendable {
        /// Connections at most, in use and idle together.
        package var maxConnections: Int
        /// Idle connections kept at most.
        package var maxIdle: Int
        /// How long a connection is kept idle.
        package var idleTimeout: Duration

        package init(maxConnections: Int = 9_000, maxIdle: Int = 64, idleTimeout: Duration = .seconds(60)) {
            self.maxConnections = maxConnections
            self.maxIdle = maxIdle
            self.idleTimeout = idleTimeout
        }
    }

    package init(server: String, pool: Pool = .init()) {
        self.server = server
        self.pool = pool
    }
}
