// SPDX-License-Identifier: Apache-2.0

/// What a stand-in server has seen. Confined to its event loop.
final class StandInStatistics {
    /// Connections open now.
    var connectionsOpen = 0
    /// Connections accepted in all.
    var accepted = 0
    /// Requests in all, and those not yet answered to the end.
    var requests = 0
    var requestsInFlight = 0
    /// Requests on a path that never answers, watches and followed logs, now.
    var hanging = 0
    var watching = 0
    var following = 0
    /// WebSockets now.
    var tunnels = 0
    /// Requests whose client left before the answer was complete.
    var cancelled = 0
    /// Connections that ended in an error, of TLS or of HTTP.
    var failed = 0
    /// Connections now open on the port that never says anything.
    var stalled = 0

    var json: JSON {
        [
            "connectionsOpen": .int(connectionsOpen), "accepted": .int(accepted), "requests": .int(requests),
            "requestsInFlight": .int(requestsInFlight), "hanging": .int(hanging), "watching": .int(watching),
            "following": .int(following), "cancelled": .int(cancelled), "failed": .int(failed),
            "stalled": .int(stalled), "tunnels": .int(tunnels),
        ]
    }
}
