// SPDX-License-Identifier: Apache-2.0

/// What a test wants of a gateway's configuration, other than the usual.
package struct GatewayOptions: Sendable {
    package var workers = 2
    package var maxConnections = 8_192
    package var maxInFlight = 8_192
    package var cpuAffinity = "off"
    /// By their names in the file, for example `requestHead`; as the file spells them, for example `1s`.
    package var deadlines: [String: String] = [:]
    package var pool: [String: String] = [:]
    package var recycling: [String: String] = [:]
    package var limits: [String: String] = [:]
    /// Of the supervisor.
    package var environment: [String: String] = [:]
    /// Ranges of the addresses whose PROXY headers are believed, as the file spells them.
    package var proxies: String?
    /// Whether clients speak TLS.
    package var listenerTLS = true
    /// Members of `authentication.keys`.
    package var keys: [String: String] = [:]
    package var usernameClaim = "sub"
    /// A file of Kubernetes' AuthenticationConfiguration, in the place of the one issuer.
    package var authenticationFile: String?
    /// More members of `authentication`, each in one line.
    package var authentication: [String] = []
    /// The file of the authority that signs clients' certificates.
    package var clientAuthority: String?
    package var clientID = "demo"
    package var minimumTLS = "1.2"
    package var upstreamTLS = true
    /// Whether HTTP/2 is offered to the API server.
    package var upstreamHTTP2 = false
    /// The OpenID issuer; its certificate is by the tests' authority.
    package var issuerURL: String
    package var upstream: Endpoint
    /// Where health and metrics are served, if they are.
    package var admin: Endpoint?
    /// With TLS, by the tests' own certificate.
    package var adminTLS = false
    /// nil: the tests' own authority.
    package var issuerAuthority: String?
    package var upstreamAuthority: String?
    /// Files of the certificate and the key that the gateway shows to the API server.
    package var upstreamClient: (certificate: String, key: String)?
    /// A file with the token that the gateway shows to the API server.
    package var upstreamToken: String?
    /// Listeners without TLS, beside the one with it.
    package var plainListeners: [Endpoint] = []
    /// Further lines of the file.
    package var sections = ""
    /// Files of the certificate and the key that clients are shown; nil: the tests' own.
    package var shownCertificate: (certificate: String, key: String)?

    /// Further settings of the listener, each a line.
    package var listenerLines: [String] = []
    /// Which `lychgate` is started; nil: the one that was built.
    package var program: String?
    package var workerProgram: String?

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
        var trust = ""
        if upstreamTLS { trust += "  certificateAuthorityFile: \(upstreamAuthority ?? certificates.authority)\n" }
        if let upstreamClient {
            trust += "  clientCertificateFile: \(upstreamClient.certificate)\n  clientKeyFile: \(upstreamClient.key)\n"
        }
        if let upstreamToken { trust += "  tokenFile: \(upstreamToken)\n" }
        return """
            apiVersion: lychgate/v1
            kind: GatewayConfiguration
            listeners:
              - name: main
                address: "\(listener)"
            \(listenerSection(certificates))\(plainSection)upstream:
              server: \(scheme)://\(upstream)
            \(trust)  http2: \(upstreamHTTP2 ? "auto" : "off")
              pool: \(Self.flow(pool))
            authentication:
            \(issuerSection(certificates))  keys: \(Self.flow(keys))
            \(authentication.map { "  " + $0 + "\n" }.joined())\(workerSection)
            recycling: \(Self.flow(recycling))
            limits: \(Self.flow(limits))
            deadlines: \(Self.flow(deadlines))
            control:
              socket: \(controlSocket)
            \(adminSection(certificates))\(sections)
            """
    }

    private func issuerSection(_ certificates: Certificates) -> String {
        if let authenticationFile { return "  configurationFile: \(authenticationFile)\n" }
        return """
              oidc:
                issuerURL: "\(issuerURL)"
                clientID: \(clientID)
                caFile: \(issuerAuthority ?? certificates.authority)
                usernameClaim: \(usernameClaim)
                usernamePrefix: "-"
                groupsClaim: groups

            """
    }

    private var workerSection: String {
        let members = [
            "count: \(workers)", "maxConnections: \(maxConnections)", "maxInFlight: \(maxInFlight)",
            "cpuAffinity: \(cpuAffinity)",
        ]
        return "workers: {\((members + (workerProgram.map { ["executable: \($0)"] } ?? [])).joined(separator: ", "))}"
    }

    private var plainSection: String {
        plainListeners.enumerated().map { "  - name: plain\($0)\n    address: \"\($1)\"\n" }.joined()
    }

    private func listenerSection(_ certificates: Certificates) -> String {
        var text = ""
        if listenerTLS {
            text += """
                    tls:
                      certificateFile: \(shownCertificate?.certificate ?? certificates.certificate)
                      keyFile: \(shownCertificate?.key ?? certificates.key)
                      minimumVersion: "\(minimumTLS)"

                """
            if let clientAuthority { text += "      clientCAFile: \(clientAuthority)\n" }
        }
        if let proxies { text += "    proxyProtocol: {from: \(proxies)}\n" }
        return text + listenerLines.map { "    \($0)\n" }.joined()
    }

    private func adminSection(_ certificates: Certificates) -> String {
        guard let admin else { return "" }
        let tls = "  tls: {certificateFile: \(certificates.certificate), keyFile: \(certificates.key)}\n"
        return "admin:\n  address: \"\(admin)\"\n\(adminTLS ? tls : "")"
    }

    private static func flow(_ members: [String: String]) -> String {
        "{" + members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    }
}
