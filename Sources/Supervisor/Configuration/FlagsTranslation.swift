// SPDX-License-Identifier: Apache-2.0

import Shared

/// Turns `GatewayFlags` into the configuration that a file saying the same would give.
struct FlagsTranslation {
    let flags: GatewayFlags
    let report: LoadReport
    let surroundings: Surroundings

    func configuration() -> GatewayConfiguration {
        GatewayConfiguration(
            listeners: [self.listener()], upstream: self.upstream(), authentication: .init(oidc: self.issuer()))
    }

    private func listener() -> ListenerConfiguration {
        let host = self.flags.bindAddress ?? "0.0.0.0"
        let port = self.flags.securePort ?? "6443"
        let address = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        if let number = UInt16(port), number > 0 {
            if SocketAddress(address) == nil {
                self.report.blame("listeners[0].address", "`\(host)` is no IP address; write one such as 0.0.0.0 or ::")
            }
        } else {
            self.report.blame(
                "listeners[0].address", at: .flag("--secure-port"),
                "`\(port)` is no port to serve HTTPS on; write a number from 1 to 65535")
        }
        var tls = ListenerConfiguration.ServerTLS(
            certificateFile: self.file(self.flags.tlsCertFile) ?? "",
            keyFile: self.file(self.flags.tlsPrivateKeyFile) ?? "")
        self.require("listeners[0].tls.certificateFile", self.flags.tlsCertFile, "the server's certificate")
        self.require("listeners[0].tls.keyFile", self.flags.tlsPrivateKeyFile, "the certificate's private key")
        switch self.flags.tlsMinVersion {
        case nil, "VersionTLS12"?: break
        case "VersionTLS13"?: tls.minimumVersion = .tls13
        case let other?:
            self.report.blame(
                "listeners[0].tls.minimumVersion", "is `\(other)`; write VersionTLS12 or VersionTLS13 instead")
        }
        return ListenerConfiguration(address: address, tls: tls)
    }

    private func issuer() -> AuthenticationConfiguration.OIDC {
        self.require("authentication.oidc.issuerURL", self.flags.oidcIssuerUrl, "the issuer's https:// URL")
        self.require("authentication.oidc.clientID", self.flags.oidcClientId, "the audience that tokens hold")
        var oidc = AuthenticationConfiguration.OIDC(
            issuerURL: self.flags.oidcIssuerUrl ?? "", clientID: self.flags.oidcClientId ?? "",
            caFile: self.file(self.flags.oidcCaFile))
        // An empty value is as good as none, as with kube-apiserver.
        oidc.usernameClaim = self.flags.oidcUsernameClaim.given ?? oidc.usernameClaim
        oidc.usernamePrefix = self.flags.oidcUsernamePrefix.given
        oidc.groupsClaim = self.flags.oidcGroupsClaim.given
        oidc.groupsPrefix = self.flags.oidcGroupsPrefix ?? ""
        oidc.requiredClaims = self.requiredClaims()
        let algorithms = self.flags.oidcSigningAlgs.flatMap {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        if !algorithms.isEmpty {
            oidc.signingAlgorithms = algorithms
        }
        return oidc
    }

    private func requiredClaims() -> [String: String] {
        var claims: [String: String] = [:]
        for text in self.flags.oidcRequiredClaim {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                self.report.blame(
                    "authentication.oidc.requiredClaims", "`\(text)` is no pair; write NAME=VALUE instead")
                continue
            }
            claims[String(parts[0])] = String(parts[1])
        }
        return claims
    }

    /// As kube-oidc-proxy: the client flags if there are any, else the pod's service account.
    private func upstream() -> UpstreamConfiguration {
        let source = UpstreamSource(report: self.report, surroundings: self.surroundings)
        let direct = [
            ("upstream.server", self.flags.server),
            ("upstream.certificateAuthorityFile", self.flags.certificateAuthority),
            ("upstream.tlsServerName", self.flags.tlsServerName),
            ("upstream.clientCertificateFile", self.flags.clientCertificate),
            ("upstream.clientKeyFile", self.flags.clientKey), ("upstream.tokenFile", self.flags.tokenFile),
        ]
        if let kubeconfig = self.flags.kubeconfig.given {
            for (path, value) in direct where value != nil {
                self.report.blame(path, "contradicts --kubeconfig, which says it already; leave one of the two out")
            }
            return source.kubeconfig(
                FilePath.resolve(kubeconfig, against: self.surroundings.workingFolder),
                context: self.flags.context.given,
                blaming: "upstream.kubeconfig")
        }
        if self.flags.context != nil {
            self.report.blame("upstream.context", "has no meaning without --kubeconfig; write --kubeconfig too")
        }
        guard direct.contains(where: { $0.1 != nil }) else {
            return source.inCluster(blaming: "upstream.kubeconfig")
        }
        self.require("upstream.server", self.flags.server, "the API server's URL")
        var upstream = UpstreamConfiguration(server: self.flags.server ?? "")
        upstream.certificateAuthorityFile = self.file(self.flags.certificateAuthority)
        upstream.tlsServerName = self.flags.tlsServerName.given
        upstream.clientCertificateFile = self.file(self.flags.clientCertificate)
        upstream.clientKeyFile = self.file(self.flags.clientKey)
        upstream.tokenFile = self.file(self.flags.tokenFile)
        return upstream
    }

    private func require(_ path: String, _ value: String?, _ meaning: String) {
        if value.given == nil {
            self.report.blame(path, "is missing; write \(meaning)")
        }
    }

    private func file(_ value: String?) -> String? {
        value.given.map { FilePath.resolve($0, against: self.surroundings.workingFolder) }
    }
}

extension String? {
    /// nil for an empty text, too.
    fileprivate var given: String? {
        self.flatMap { $0.isEmpty ? nil : $0 }
    }
}
