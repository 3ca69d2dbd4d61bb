// SPDX-License-Identifier: Apache-2.0

/// How much there may be of everything, and for how long.
extension ConfigurationSchema {
    static let workers = [
        key("workers", .mapping, .none, "The pool of gateway workers."),
        key("workers.count", .integer, .value("auto"), "How many workers; auto: one per usable core."),
        key("workers.maxConnections", .integer, .value("8192"), "Client connections of one worker at most."),
        key(
            "workers.maxInFlight", .integer, .value("8192"),
            "Requests in flight in one worker at most; above it clients are answered 503."),
        key(
            "workers.cpuAffinity", .string, .value("off"),
            "off; auto: each worker is bound to one processor, in turn over those that the gateway may run on."),
        key(
            "workers.executable", .file, .none,
            "The lychgate-worker to run; without it the one beside lychgate, then that in /usr/libexec/lychgate."),
    ]

    static let recycling = [
        key("recycling", .mapping, .none, "When a worker is replaced by a fresh one."),
        key(
            "recycling.inFlightLimit", .integer, .none,
            "Requests in flight above which, for 5 s, a worker is replaced, at most workers.maxInFlight; without it one"
                + " that for 5 s is at workers.maxInFlight and refuses requests."),
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

    static let deadlines = [
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

    static let limits = [
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
