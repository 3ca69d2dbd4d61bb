// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The flags of kube-oidc-proxy and kube-apiserver that say the same as a configuration file, so that a deployment of
/// kube-oidc-proxy starts as it is. Sources: kube-oidc-proxy `cmd/app/options/*.go`; Kubernetes
/// `pkg/kubeapiserver/options/authentication.go` and `staging/src/k8s.io/apiserver/pkg/server/options/serving.go`.
struct GatewayFlags: ParsableArguments {
    @Option(help: ArgumentHelp("IP address to listen on (default: 0.0.0.0).", valueName: "address"))
    var bindAddress: String?
    @Option(help: ArgumentHelp("Port to serve HTTPS on (default: 6443).", valueName: "port"))
    var securePort: String?
    @Option(help: ArgumentHelp("The server's certificate, then its intermediates, as PEM.", valueName: "file"))
    var tlsCertFile: String?
    @Option(help: ArgumentHelp("The private key of --tls-cert-file, as PEM.", valueName: "file"))
    var tlsPrivateKeyFile: String?
    @Option(help: ArgumentHelp("The oldest TLS version: VersionTLS12 (default) or VersionTLS13.", valueName: "version"))
    var tlsMinVersion: String?

    @Option(help: ArgumentHelp("The OpenID Connect issuer, https only.", valueName: "url"))
    var oidcIssuerUrl: String?
    @Option(help: ArgumentHelp("One of the token's audiences.", valueName: "id"))
    var oidcClientId: String?
    @Option(help: ArgumentHelp("Authorities of the issuer's certificate (default: the system's).", valueName: "file"))
    var oidcCaFile: String?
    @Option(help: ArgumentHelp("The claim that is the user's name (default: sub).", valueName: "claim"))
    var oidcUsernameClaim: String?
    @Option(
        help: ArgumentHelp(
            "Put before the name; \"-\": nothing (default: the issuer's URL and #, unless the claim is email).",
            valueName: "prefix"))
    var oidcUsernamePrefix: String?
    @Option(help: ArgumentHelp("The claim that holds the user's groups (default: none).", valueName: "claim"))
    var oidcGroupsClaim: String?
    @Option(help: ArgumentHelp("Put before each group (default: nothing).", valueName: "prefix"))
    var oidcGroupsPrefix: String?
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A claim that tokens must hold, with its value; may be repeated.", valueName: "name=value"))
    var oidcRequiredClaim: [String] = []
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Accepted signing algorithms, separated by commas (default: RS256).", valueName: "list"))
    var oidcSigningAlgs: [String] = []

    @Option(help: ArgumentHelp("A kubeconfig that says how to reach the API server.", valueName: "file"))
    var kubeconfig: String?
    @Option(help: ArgumentHelp("The context of the kubeconfig (default: its current-context).", valueName: "name"))
    var context: String?
    @Option(help: ArgumentHelp("The API server, instead of a kubeconfig.", valueName: "url"))
    var server: String?
    @Option(help: ArgumentHelp("Authorities of the API server's certificate.", valueName: "file"))
    var certificateAuthority: String?
    @Option(help: ArgumentHelp("The name that the API server's certificate must hold.", valueName: "name"))
    var tlsServerName: String?
    @Option(help: ArgumentHelp("The gateway's client certificate, as PEM.", valueName: "file"))
    var clientCertificate: String?
    @Option(help: ArgumentHelp("The private key of --client-certificate, as PEM.", valueName: "file"))
    var clientKey: String?
    @Option(help: ArgumentHelp("A file with the gateway's bearer token.", valueName: "file"))
    var tokenFile: String?

    /// The flag for a key path, for messages.
    static func name(ofPath path: String) -> String? {
        Self.names.first { $0.path == path }?.flag
    }

    /// Which flag says what.
    static let names: [(path: String, flag: String)] = [
        ("listeners[0].address", "--bind-address"),
        ("listeners[0].tls.certificateFile", "--tls-cert-file"),
        ("listeners[0].tls.keyFile", "--tls-private-key-file"),
        ("listeners[0].tls.minimumVersion", "--tls-min-version"),
        ("authentication.oidc.issuerURL", "--oidc-issuer-url"),
        ("authentication.oidc.clientID", "--oidc-client-id"),
        ("authentication.oidc.caFile", "--oidc-ca-file"),
        ("authentication.oidc.usernameClaim", "--oidc-username-claim"),
        ("authentication.oidc.usernamePrefix", "--oidc-username-prefix"),
        ("authentication.oidc.groupsClaim", "--oidc-groups-claim"),
        ("authentication.oidc.groupsPrefix", "--oidc-groups-prefix"),
        ("authentication.oidc.requiredClaims", "--oidc-required-claim"),
        ("authentication.oidc.signingAlgorithms", "--oidc-signing-algs"),
        ("upstream.kubeconfig", "--kubeconfig"),
        ("upstream.context", "--context"),
        ("upstream.server", "--server"),
        ("upstream.certificateAuthorityFile", "--certificate-authority"),
        ("upstream.tlsServerName", "--tls-server-name"),
        ("upstream.clientCertificateFile", "--client-certificate"),
        ("upstream.clientKeyFile", "--client-key"),
        ("upstream.tokenFile", "--token-file"),
    ]

    /// `--flag=` becomes `--flag` and an empty argument: the parser takes the former for a flag without its value, while
    /// Kubernetes' flags mean the empty text.
    static func separatingEmptyValues(_ arguments: [String]) -> [String] {
        arguments.flatMap { argument in
            argument.hasPrefix("--") && argument.hasSuffix("=") && argument.firstIndex(of: "=") == argument.indices.last
                ? [String(argument.dropLast()), ""] : [argument]
        }
    }

    /// Whether none of them was given.
    var isEmpty: Bool {
        let texts = [
            self.bindAddress, self.securePort, self.tlsCertFile, self.tlsPrivateKeyFile, self.tlsMinVersion,
            self.oidcIssuerUrl, self.oidcClientId, self.oidcCaFile, self.oidcUsernameClaim, self.oidcUsernamePrefix,
            self.oidcGroupsClaim, self.oidcGroupsPrefix, self.kubeconfig, self.context, self.server,
            self.certificateAuthority, self.tlsServerName, self.clientCertificate, self.clientKey, self.tokenFile,
        ]
        return texts.allSatisfy { $0 == nil } && self.oidcRequiredClaim.isEmpty && self.oidcSigningAlgs.isEmpty
    }
}
