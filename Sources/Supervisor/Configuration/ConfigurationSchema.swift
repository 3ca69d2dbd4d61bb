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

    private static func key(
        _ path: String, _ kind: ConfigurationKey.Kind, _ fallback: ConfigurationKey.Default, _ meaning: String
    ) -> ConfigurationKey {
        ConfigurationKey(path: path, kind: kind, fallback: fallback, meaning: meaning)
    }

    static let keys: [ConfigurationKey] =
        [
            key("apiVersion", .string, .required, "The version of this format: lychgate/v1."),
            key("kind", .string, .required, "What the file is: GatewayConfiguration."),
        ] + listeners + upstream + authentication + workers + recycling + deadlines + limits + [
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
            "listeners[].proxyProtocol", .mapping, .none,
            "Proxies that say with a PROXY header (version 2) whom they speak for; without it nobody is believed."),
        key(
            "listeners[].proxyProtocol.from", .list, .required,
            "Their addresses, such as 10.0.0.0/8; each of their connections must begin with the header."),
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
        key("upstream.pool", .mapping, .none, "Bounds of each worker's connections to the API server."),
        key("upstream.pool.maxConnections", .integer, .value("9000"), "Connections at most, in use and idle together."),
        key("upstream.pool.maxIdle", .integer, .value("64"), "Idle connections kept at most."),
        key("upstream.pool.idleTimeout", .duration, .value("60s"), "How long an idle connection is kept."),
    ]

    private static let authentication = [
        key("authentication", .mapping, .required, "How clients prove who they are."),
        key(
            "authentication.oidc", .mapping, .required, "The OpenID Connect issuer, as kube-apiserver's --oidc-* flags."
        ),
        key("authentication.oidc.issuerURL", .string, .required, "The issuer's URL, https only (--oidc-issuer-url)."),
        key(
            "authentication.oidc.clientID", .string, .required,
            "Must be one of the token's audiences (--oidc-client-id)."),
        key(
            "authentication.oidc.caFile", .file, .none,
            "PEM: who may have signed the issuer's certificate; without it the system's authorities (--oidc-ca-file)."),
        key(
            "authentication.oidc.usernameClaim", .string, .value("sub"),
            "The claim that is the user's name (--oidc-username-claim)."),
        key(
            "authentication.oidc.usernamePrefix", .string, .none,
            "Put before the name; \"-\": nothing; without it the issuer's URL and #, unless the claim is email"
                + " (--oidc-username-prefix)."),
        key(
            "authentication.oidc.groupsClaim", .string, .none,
            "The claim that holds the user's groups; without it no groups (--oidc-groups-claim)."),
        key(
            "authentication.oidc.groupsPrefix", .string, .value("\"\""),
            "Put before each group (--oidc-groups-prefix)."),
        key(
            "authentication.oidc.requiredClaims", .mapping, .value("{}"),
            "Claims and the values that a token must hold (--oidc-required-claim)."),
        key(
            "authentication.oidc.signingAlgorithms", .list, .value("[RS256]"),
            "Accepted algorithms among RS, PS and ES with 256, 384 and 512 (--oidc-signing-algs)."),
        key(
            "authentication.oidc.refreshInterval", .duration, .value("5m"),
            "How often the issuer's keys are fetched anew."),
        key("authentication.cache", .mapping, .none, "Each worker's cache of verified tokens."),
        key("authentication.cache.maxEntries", .integer, .value("16384"), "Tokens remembered at most."),
        key(
            "authentication.cache.acceptedFor", .duration, .value("5m"),
            "How long an accepted token is not verified again; never past its expiry; 0s: not at all."),
        key(
            "authentication.cache.refusedFor", .duration, .value("10s"),
            "How long a refused token is refused without another look; 0s: not at all."),
    ]

    private static let workers = [
        key("workers", .mapping, .none, "The pool of gateway workers."),
        key("workers.count", .integer, .value("auto"), "How many workers; auto: one per usable core."),
        key("workers.maxConnections", .integer, .value("8192"), "Client connections of one worker at most."),
        key(
            "workers.maxInFlight", .integer, .value("8192"),
            "Requests in flight in one worker at most; above it clients are answered 503."),
        key(
            "workers.executable", .file, .none,
            "The lychgate-worker to run; without it the one beside lychgate, then that in /usr/libexec/lychgate."),
    ]

    private static let recycling = [
        key("recycling", .mapping, .none, "When a worker is replaced by a fresh one."),
        key(
            "recycling.inFlightLimit", .integer, .none,
            "Requests in flight above which, for 5 s, a worker is replaced; without it workers.maxInFlight."),
        key(
            "recycling.memorySoft", .size, .value("512MiB"),
            "Anonymous memory above which a worker is replaced; below memoryHard."),
        key(
            "recycling.memoryHard", .size, .value("1GiB"),
            "Anonymous memory above which a worker is killed at once, with what it serves."),
        key("recycling.maxRequests", .integer, .value("0"), "Requests that one worker serves at most; 0: any number."),
        key("recycling.maxAge", .duration, .value("24h"), "How long one worker serves at most; 0s: for ever."),
        key(
            "recycling.jitterPercent", .integer, .value("10"),
            "By how much maxRequests and maxAge may be undercut, so that workers do not reach them together."),
    ]

    private static let deadlines = [
        key("deadlines", .mapping, .none, "How long each wait may take."),
        key("deadlines.tlsHandshake", .duration, .value("10s"), "From accept to the end of the TLS handshake."),
        key(
            "deadlines.requestHead", .duration, .value("10s"),
            "From the first byte of a request to the end of its head."),
        key("deadlines.keepAliveIdle", .duration, .value("75s"), "A kept connection without a request."),
        key("deadlines.identity", .duration, .value("5s"), "All look-ups of one request's identity together."),
        key("deadlines.upstreamConnect", .duration, .value("5s"), "Connecting to the API server, TLS included."),
        key(
            "deadlines.firstResponseByte", .duration, .value("60s"),
            "From the end of the request to the answer's first byte."),
        key("deadlines.request", .duration, .value("60s"), "An ordinary, not long-running request in all."),
        key("deadlines.bodyProgress", .duration, .value("60s"), "A body, either way, that makes no progress."),
        key(
            "deadlines.tunnelIdle", .duration, .value("4h"),
            "A tunnel (exec, attach, port-forward) in which nothing flows; bodyProgress once one side has ended."),
        key(
            "deadlines.drainDelay", .duration, .value("0s"),
            "After a stop, how long health says not ready while everything is still served; with drain below hardStop."),
        key(
            "deadlines.drain", .duration, .value("30s"),
            "How long requests in flight may go on after a stop; below hardStop."),
        key("deadlines.hardStop", .duration, .value("45s"), "From the signal to SIGKILL for what is left."),
        key("deadlines.workerStart", .duration, .value("30s"), "From a worker's start until it is ready."),
    ]

    private static let limits = [
        key("limits", .mapping, .none, "Bounds on what one client may send."),
        key("limits.requestLine", .size, .value("8KiB"), "The request line; above it 414."),
        key("limits.head", .size, .value("64KiB"), "The request's whole head; above it 431."),
        key("limits.fields", .integer, .value("128"), "Header fields of one request; above it 431."),
        key(
            "limits.bufferMemory", .size, .value("256MiB"),
            "One worker's buffers; above it new requests are answered 503."),
        key(
            "limits.connectionsPerAddress", .integer, .value("4096"),
            "Connections of one address (IPv6: one /64) at most; above it new ones are reset; 0: any number."),
        key(
            "limits.acceptsPerSecond", .integer, .value("500"),
            "New connections of one address in a second, twice as many after a quiet time; above it they are reset;"
                + " 0: any number."),
        key(
            "limits.exemptAddresses", .list, .value("[127.0.0.0/8, \"::1/128\"]"),
            "Addresses without these two limits; the proxies of proxyProtocol have none either."),
    ]
}
