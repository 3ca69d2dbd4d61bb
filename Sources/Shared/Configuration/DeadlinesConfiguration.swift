// SPDX-License-Identifier: Apache-2.0

/// How long each wait may take (design: "Every wait has a deadline").
package struct DeadlinesConfiguration: Codable, Equatable, Sendable {
    /// From accept to the end of the TLS handshake.
    package var tlsHandshake: Duration
    /// From the first byte of a request to the end of its head.
    package var requestHead: Duration
    /// A kept connection without a request.
    package var keepAliveIdle: Duration
    /// All look-ups of one request's identity together.
    package var identity: Duration
    /// Connecting to the API server, TLS included.
    package var upstreamConnect: Duration
    /// From the end of the request to the first byte of the answer.
    package var firstResponseByte: Duration
    /// An ordinary (not long-running) request in all.
    package var request: Duration
    /// A body, either way, that makes no progress.
    package var bodyProgress: Duration
    /// A tunnel in which nothing flows. Once one side has ended its stream, `bodyProgress` holds instead.
    package var tunnelIdle: Duration
    /// From the signal to the drain: health says that the gateway is not ready, and everything is still served.
    package var drainDelay: Duration
    /// Drain: what is in flight may end by itself for so long.
    package var drain: Duration
    /// From the signal to SIGKILL for what is left.
    package var hardStop: Duration
    /// From a worker's start to its `ready`.
    package var workerStart: Duration

    package init(
        tlsHandshake: Duration = .seconds(10), requestHead: Duration = .seconds(10),
        keepAliveIdle: Duration = .seconds(75), identity: Duration = .seconds(5),
        upstreamConnect: Duration = .seconds(5), firstResponseByte: Duration = .seconds(60),
        request: Duration = .seconds(60), bodyProgress: Duration = .seconds(60),
        tunnelIdle: Duration = .seconds(4 * 3_600), drainDelay: Duration = .zero, drain: Duration = .seconds(30), hardStop: Duration = .seconds(45),
        workerStart: Duration = .seconds(30)
    ) {
        self.tlsHandshake = tlsHandshake
        self.requestHead = requestHead
        self.keepAliveIdle = keepAliveIdle
        self.identity = identity
        self.upstreamConnect = upstreamConnect
        self.firstResponseByte = firstResponseByte
        self.request = request
        self.bodyProgress = bodyProgress
        self.tunnelIdle = tunnelIdle
        self.drainDelay = drainDelay
        self.drain = drain
        self.hardStop = hardStop
        self.workerStart = workerStart
    }
}
