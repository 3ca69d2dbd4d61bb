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

    private static let authentication = [
        key("authentication", .mapping, .required, "How clients prove who they are."),
        key(
            "authentication.configurationFile", .file, .none,
            "Kubernetes' own AuthenticationConfiguration (apiserver.config.k8s.io/v1 or v1beta1); excludes oidc."),
        key(
            "authentication.oidc", .mapping, .none,
            "One OpenID Connect issuer, as kube-apiserver's --oidc-* flags; this or configurationFile is needed."
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
            "authentication.allowedSystemNames", .list, .value("[]"),
            "Users and groups beginning with system: that tokens may stand for; all others of that prefix are refused."),
        key(
            "authentication.tokenTypes", .list, .value("[]"),
            "What a token's typ may be, such as JWT or at+jwt (none counts as JWT); empty: anything, as kube-apiserver."
        ),
        key("authentication.keys", .mapping, .none, "How the issuers' keys are kept fresh."),
        key(
            "authentication.keys.refreshInterval", .duration, .value("5m"),
            "How often keys are fetched anew; sooner if the issuer's Cache-Control says so."),
        key(
            "authentication.keys.minimumRefreshInterval", .duration, .value("1m"),
            "No Cache-Control makes them be fetched more often than this."),
        key(
            "authentication.keys.keepFor", .duration, .value("0s"),
            "How long the last good keys are used while their issuer cannot be reached; 0s: as long as it takes."),
        key("authentication.cache", .mapping, .none, "Each worker's cache of verified tokens."),
        key("authentication.cache.maxEntries", .integer, .value("16384"), "Tokens remembered at most."),
        key(
            "authentication.cache.acceptedFor", .duration, .value("5m"),
            "How long an accepted token is not verified again; never past its expiry; 0s: not at all."),
        key(
            "authentication.cache.refusedFor", .duration, .value("10s"),
            "How long a refused token is refused without another look; 0s: not at all."),
    ]

    private static let lookUps = [
        key(
            "authentication.tokenReview", .mapping, .none,
            "Tokens that no configured issuer owns, service accounts' among them, judged by the API server."),
        key(
            "authentication.tokenReview.mode", .string, .value("off"),
            "off; passThrough: such a request goes on with its own token; impersonate: as the user that was named."),
        key(
            "authentication.tokenReview.audiences", .list, .value("[]"),
            "What the tokens must be for; none: the API server's own audiences."),
        key(
            "authentication.tokenReview.acceptedFor", .duration, .value("1m"),
            "How long a yes is believed without asking again; 0s: not at all."),
        key("authentication.tokenReview.refusedFor", .duration, .value("10s"), "How long a no is."),
        key(
            "authentication.introspection", .mapping, .none,
            "Tokens that nobody above owns, judged by their authorization server (RFC 7662); without it off."),
        key("authentication.introspection.url", .string, .required, "The introspection endpoint, https only."),
        key(
            "authentication.introspection.caFile", .file, .none,
            "PEM: who may have signed its certificate; without it the system's authorities."),
        key("authentication.introspection.clientID", .string, .required, "The gateway's client identifier there."),
        key(
            "authentication.introspection.clientSecretFile", .file, .none,
            "The client's secret (client_secret_basic); either this or privateKeyFile."),
        key(
            "authentication.introspection.privateKeyFile", .file, .none,
            "PEM: the client's RSA or EC private key (private_key_jwt, RFC 7523)."),
        key("authentication.introspection.keyID", .string, .none, "The kid of the assertions signed with that key."),
        key(
            "authentication.introspection.assertionAudience", .string, .none,
            "The aud of those assertions; without it the endpoint's URL."),
        key(
            "authentication.introspection.issuer", .string, .none,
            "What the answer's iss must be; without it iss is not looked at."),
        key(
            "authentication.introspection.audiences", .list, .value("[]"),
            "One of these must be among the answer's aud; none: aud is not looked at."),
        key(
            "authentication.introspection.usernameClaim", .string, .value("sub"),
            "The member of the answer that is the user's name."),
        key(
            "authentication.introspection.usernamePrefix", .string, .value("\"\""), "Put before the name."),
        key(
            "authentication.introspection.groupsClaim", .string, .none,
            "The member that holds the user's groups; without it no groups."),
        key("authentication.introspection.groupsPrefix", .string, .value("\"\""), "Put before each group."),
        key(
            "authentication.introspection.acceptedFor", .duration, .value("1m"),
            "How long an active token is believed without asking again; never past its exp; 0s: not at all."),
        key(
            "authentication.introspection.refusedFor", .duration, .value("10s"), "How long an inactive one is."),
        key(
            "authentication.impersonation", .mapping, .none,
            "What happens to a client's own impersonation (kubectl --as)."),
        key(
            "authentication.impersonation.mode", .string, .value("deny"),
            "deny, or authorize: each name is checked by a SubjectAccessReview, as kube-apiserver does."),
        key(
            "authentication.impersonation.maxChecks", .integer, .value("32"),
            "SubjectAccessReviews that one request may need; above it 403."),
        key(
            "authentication.impersonation.allowedFor", .duration, .value("10s"),
            "How long a permission is believed without asking again; 0s: not at all."),
        key("authentication.impersonation.deniedFor", .duration, .value("5s"), "How long a denial is."),
        key(
            "authentication.tokenExpiry", .mapping, .none,
            "What becomes of a watch, a followed log or a tunnel when its credential expires."),
        key(
            "authentication.tokenExpiry.mode", .string, .value("atExpiry"),
            "off: it goes on; atExpiry: it ends then; afterGrace: it ends some time later."),
        key("authentication.tokenExpiry.grace", .duration, .value("5m"), "With afterGrace: how much later."),
        key(
            "authentication.lookups", .mapping, .none,
            "Bounds of each worker's look-ups at the API server and at the introspection endpoint."),
        key("authentication.lookups.maxConcurrent", .integer, .value("64"), "Look-ups going on at once."),
        key(
            "authentication.lookups.maxWaiting", .integer, .value("1024"),
            "Look-ups waiting for their turn; above it requests are answered 503."),
        key(
            "authentication.lookups.maxCached", .integer, .value("4096"), "Answers remembered at most, of each kind."),
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
        key("limits.groups", .integer, .value("512"), "Groups of one user; above it 403."),
        key("limits.extras", .integer, .value("64"), "Extra values of one user; above it 403."),
        key(
            "limits.identity", .size, .value("32KiB"),
            "The user as the API server is told (Impersonate- fields); above it 431."),
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
