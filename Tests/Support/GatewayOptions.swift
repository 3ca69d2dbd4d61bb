// SPDX-License-Identifier: Apache-2.0

/// What a test wants of a gateway's configuration, other than the usual.
package struct GatewayOptions: Sendable {
    package var workers = 2
    package var maxConnections = 8_192
    package var maxInFlight = 8_192
    /// By their names in the file, for example `requestHead`; as the file spells them, for example `1s`.
    package var deadlines: [String: String] = [:]
    package var pool: [String: String] = [:]
    package var usernameClaim = "sub"
    package var clientID = "demo"
    package var minimumTLS = "1.2"
    package var upstreamTLS = true
    /// The OpenID issuer; its certificate is by the tests' authority.
    package var issuerURL: String
    package var upstream: Endpoint

    package init(issuer: String, upstream: Endpoint) {
        issuerURL = issuer
        self.upstream = upstream
    }

    package init(issuer: TestIssuer, upstream: ScriptedUpstream) {
        self.init(issuer: issuer.url, upstream: upstream.endpoint)
    }

    /// The configuration's YAML.
    package func document(listener: Endpoint, certificates: Certificates, controlSocket: String) -> String {
        let scheme = upstreamTLS ? "https" : "http"
        let authority = upstreamTLS ? "  certificateAuthorityFile: \(certificates.authority)\n" : ""
        return """
            apiVersion: lychgate/v1
            kind: GatewayConfiguration
            listeners:
              - name: main
                address: "\(listener)"
                tls:
                  certificateFile: \(certificates.certificate)
                  keyFile: \(certificates.key)
                  minimumVersion: "\(minimumTLS)"
            upstream:
              server: \(scheme)://\(upstream)
            \(authority)  pool: \(Self.flow(pool))
            authentication:
              oidc:
                issuerURL: "\(issuerURL)"
                clientID: \(clientID)
                caFile: \(certificates.authority)
                usernameClaim: \(usernameClaim)
                usernamePrefix: "-"
                groupsClaim: groups
            workers: {count: \(workers), maxConnections: \(maxConnections), maxInFlight: \(maxInFlight)}
            deadlines: \(Self.flow(deadlines))
            control:
              socket: \(controlSocket)

            """
    }

    private static func flow(_ members: [String: String]) -> String {
        "{" + members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    }
}
