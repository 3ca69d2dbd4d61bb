// SPDX-License-Identifier: Apache-2.0

/// Flags of kube-oidc-proxy and of Kubernetes' clients that lychgate knows and does not follow. Ignoring them could
/// leave a door open that somebody believes closed, so each is refused with its reason.
enum RefusedFlags {
    private static let reasons: [(flag: String, reason: String)] = [
        ("--token", "a token on a command line is visible to every process; write it into a file and use --token-file"),
        ("--username", "Kubernetes removed basic authentication; use --token-file or --client-certificate"),
        ("--password", "Kubernetes removed basic authentication; use --token-file or --client-certificate"),
        (
            "--insecure-skip-tls-verify",
            "it would hand the gateway's credential to anyone; use --certificate-authority and --tls-server-name"
        ),
        ("--cluster", "name a context that joins the cluster and the user, and use --context"),
        ("--user", "name a context that joins the cluster and the user, and use --context"),
        ("--namespace", "a gateway has no namespace; leave it out"),
        ("--as", "the gateway impersonates each client itself; leave it out"),
        ("--as-group", "the gateway impersonates each client itself; leave it out"),
        ("--as-uid", "the gateway impersonates each client itself; leave it out"),
        ("--request-timeout", "write `deadlines` in a configuration file (lychgate.yaml(5)) and use --config"),
        (
            "--disable-impersonation",
            "a token of an issuer is never passed on to the API server; lychgate impersonates its user"
        ),
        ("--token-passthrough", "write `authentication.tokenReview` in a configuration file and use --config"),
        (
            "--token-passthrough-audiences",
            "write `authentication.tokenReview` in a configuration file and use --config"
        ),
        ("--extra-user-headers", "lychgate adds no extra fields to the impersonated user; leave it out"),
        ("--extra-user-header-client-ip", "lychgate adds no extra fields to the impersonated user; leave it out"),
        ("--api-audiences", "use --oidc-client-id, or name audiences in an AuthenticationConfiguration"),
        ("--readiness-probe-port", "write `admin.address` in a configuration file and use --config; it serves /readyz"),
        ("--tls-cipher-suites", "the system's OpenSSL policy chooses the cipher suites; use --tls-min-version"),
        ("--tls-sni-cert-key", "a listener has one certificate; write one that holds all names"),
        ("--cert-dir", "lychgate makes no certificate itself; use --tls-cert-file and --tls-private-key-file"),
        ("--permit-port-sharing", "the supervisor alone listens; leave it out"),
        ("--audit-log-path", "lychgate writes no Kubernetes audit log; the API server's shows the impersonated user"),
        (
            "--audit-policy-file",
            "lychgate writes no Kubernetes audit log; the API server's shows the impersonated user"
        ),
        ("--audit-webhook-config-file", "lychgate sends no Kubernetes audit events; the API server does"),
    ]

    /// The first such flag among the arguments of `serve` or `check`, with the reason; never its value.
    static func refusal(of arguments: [String]) -> String? {
        guard let command = arguments.first, command == "serve" || command == "check" else { return nil }
        for argument in arguments.dropFirst() {
            if argument == "--" {
                return nil
            }
            let name = argument.prefix { $0 != "=" }
            if let (flag, reason) = Self.reasons.first(where: { $0.flag == name }) {
                return "\(flag) is not supported: \(reason)"
            }
        }
        return nil
    }
}
