// SPDX-License-Identifier: Apache-2.0

/// Every key there is. Readers take the known names from here, so a key that is not in the table cannot be read, and
/// tests hold the defaults and the example file against it.
enum ConfigurationSchema {
    /// The names that may stand in the mapping at a key path, in the order of the table.
    static func names(in path: String) -> [String] {
        let prefix = path.isEmpty ? "" : "\(path)."
        return Self.keys.compactMap { key in
            guard key.path.hasPrefix(prefix) else { return nil }
            let name = key.path.dropFirst(prefix.count)
            return name.contains(".") || name.isEmpty ? nil : String(name)
        }
    }

    static func key(
        _ path: String, _ kind: ConfigurationKey.Kind, _ fallback: ConfigurationKey.Default, _ meaning: String
    ) -> ConfigurationKey {
        ConfigurationKey(path: path, kind: kind, fallback: fallback, meaning: meaning)
    }

    static let keys: [ConfigurationKey] =
        [
            key("apiVersion", .string, .required, "The version of this format: lychgate/v1."),
            key("kind", .string, .required, "What the file is: GatewayConfiguration."),
        ] + listeners + upstream + authentication + lookUps + workers + recycling + deadlines + limits + [
            key("logging", .mapping, .none, "What is written to standard error."),
            key(
                "logging.level", .string, .value("info"),
                "The least severe messages written: debug, info, warning or error."),
            key("logging.requests", .boolean, .value("true"), "Whether each request is logged, in one line."),
            key("control", .mapping, .none, "How lychgate status and its siblings reach the running gateway."),
            key(
                "control.socket", .string, .value("/run/lychgate/control.sock"),
                "Path of the control socket (mode 0660), at most 107 bytes; none: no socket."),
        ] + admin

    private static let admin = [
        key("admin", .mapping, .none, "Health and metrics over HTTP, by a process of its own; without it none."),
        key(
            "admin.address", .string, .required,
            "IP address and port, IPv6 in brackets; a socket that systemd passes as admin takes its place."),
        key("admin.tls", .mapping, .none, "TLS; may be left out on loopback addresses only."),
        key(
            "admin.tls.certificateFile", .file, .required,
            "PEM: the server's certificate, then its intermediates."),
        key("admin.tls.keyFile", .file, .required, "PEM: the private key of the first certificate."),
        key(
            "admin.tls.minimumVersion", .string, .value("\"1.2\""), "The oldest TLS version: 1.2 or 1.3, in quotes."),
    ]

    private static let listeners = [
        key("listeners", .list, .required, "Where clients connect: 1 to 64 listeners."),
        key(
            "listeners[].name", .string, .value("main"),
            "The listener's name in logs, in metrics and as systemd's FileDescriptorName=; unique."),
        key(
            "listeners[].address", .string, .none,
            "IP address and port, IPv6 in brackets; without it the socket comes from systemd, by name."),
        key("listeners[].tls", .mapping, .none, "TLS; may be left out on loopback addresses only."),
        key(
            "listeners[].tls.certificateFile", .file, .required,
            "PEM: the server's certificate, then its intermediates."),
        key("listeners[].tls.keyFile", .file, .required, "PEM: the private key of the first certificate."),
        key(
            "listeners[].tls.minimumVersion", .string, .value("\"1.2\""),
            "The oldest TLS version: 1.2 or 1.3, in quotes."),
        key(
            "listeners[].tls.clientCAFile", .file, .none,
            "PEM: who may have signed clients' own certificates; without it none is asked for."),
        key(
            "listeners[].proxyProtocol", .mapping, .none,
            "Proxies that say with a PROXY header (version 2) whom they speak for; without it nobody is believed."),
        key(
            "listeners[].proxyProtocol.from", .list, .required,
            "Their addresses, such as 10.0.0.0/8; each of their connections must begin with the header."),
        key(
            "listeners[].mode", .string, .value("proxy"),
            "proxy: requests go to the API server; forwardAuth: they are answered with who sent them;"
                + " tokenReview: they are Kubernetes' TokenReviews."),
        key(
            "listeners[].trustedProxies", .list, .value("[]"),
            "IP addresses and ranges (CIDR) of proxies whose X-Forwarded-For, -Proto, -Host and Forwarded are believed."
        ),
        key(
            "listeners[].identityFields", .mapping, .none,
            "With forwardAuth, the names of the fields that say who sent the request."),
        key(
            "listeners[].identityFields.user", .string, .value("X-Remote-User"),
            "Holds the user's name (--requestheader-username-headers)."),
        key(
            "listeners[].identityFields.uid", .string, .value("X-Remote-Uid"),
            "Holds the user's uid, if there is one (--requestheader-uid-headers)."),
        key(
            "listeners[].identityFields.group", .string, .value("X-Remote-Group"),
            "Holds a group; repeated for each (--requestheader-group-headers)."),
        key(
            "listeners[].identityFields.extraPrefix", .string, .value("X-Remote-Extra-"),
            "Begins the names of extras, percent-encoded keys behind it (--requestheader-extra-headers-prefix)."),
        key(
            "listeners[].audiences", .list, .value("[]"),
            "With tokenReview, the audiences besides its own that a token is good for, such as the API server's."),
        key(
            "listeners[].callerTokenFile", .file, .none,
            "With tokenReview, the bearer token of whoever may ask; may be left out on loopback addresses only."),
    ]

    private static let upstream = [
        key(
            "upstream", .mapping, .required,
            "The API server and the gateway's credential there: exactly one of server, kubeconfig and inCluster."),
        key("upstream.server", .string, .none, "https://HOST[:PORT]; http:// for loopback addresses only."),
        key(
            "upstream.certificateAuthorityFile", .file, .none,
            "PEM: who may have signed the API server's certificate; without it the system's authorities."),
        key(
            "upstream.tlsServerName", .string, .none,
            "The name that the API server's certificate must hold; without it the host of server."),
        key(
            "upstream.clientCertificateFile", .file, .none,
            "PEM: the gateway's client certificate; needs clientKeyFile."),
        key("upstream.clientKeyFile", .file, .none, "PEM: the private key of the client certificate."),
        key("upstream.tokenFile", .file, .none, "The gateway's bearer token; read again when the file changes."),
        key("upstream.kubeconfig", .file, .none, "A kubeconfig to take all of the above from."),
        key("upstream.context", .string, .none, "The context in that kubeconfig; without it its current-context."),
        key(
            "upstream.inCluster", .boolean, .value("false"),
            "Take all of the above from the pod's service account, as client-go does."),
        key(
            "upstream.http2", .string, .value("off"),
            "HTTP/2 to the API server: auto (offered over TLS; the server chooses) or off."),
        key("upstream.pool", .mapping, .none, "Bounds of each worker's connections to the API server."),
        key("upstream.pool.maxConnections", .integer, .value("9000"), "Connections at most, in use and idle together."),
        key("upstream.pool.maxIdle", .integer, .value("64"), "Idle connections kept at most."),
        key("upstream.pool.idleTimeout", .duration, .value("60s"), "How long an idle connection is kept."),
    ]
}
