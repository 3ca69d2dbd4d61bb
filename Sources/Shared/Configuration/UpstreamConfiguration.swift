// SPDX-License-Identifier: Apache-2.0

/// The Kubernetes API server that requests are proxied to, and how the gateway makes itself known there.
package struct UpstreamConfiguration: Codable, Equatable, Sendable {
    /// `https://HOST[:PORT]`; no path, no user information. `http://` is accepted for loopback addresses only.
    package var server: String
    /// PEM file of the authorities that may have signed the API server's certificate; nil: the system's.
    package var certificateAuthorityFile: String?
    /// PEM text of the same, when it came inline in a kubeconfig.
    package var certificateAuthorityData: String?
    /// The name that the API server's certificate must hold; nil: the host of `server`.
    package var tlsServerName: String?
    package var clientCertificateFile: String?
    package var clientKeyFile: String?
    /// A file with the gateway's own bearer token, re-read when it changes.
    package var tokenFile: String?
    package var pool: Pool

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
