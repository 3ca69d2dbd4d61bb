// SPDX-License-Identifier: Apache-2.0

/// The gauges and counters of one panel, each one 64-bit word. New ones go at the end: the order is the layout.
package enum Figure: Int, CaseIterable, Sendable {
    /// Client connections open now.
    case connections
    /// Exchanges begun and ended; the ledger: opened = ended + in flight.
    case exchangesOpened
    case exchangesEnded
    case exchangesInFlight
    /// Connections to the API server begun (connecting ones included), ended, open now; idle ones among them.
    case upstreamOpened
    case upstreamEnded
    case upstreamOpen
    case upstreamIdle
    /// Upstream work now whose client has been gone for over 100 ms.
    case orphans
    /// Exchanges ended because the client left, and because a deadline passed.
    case cancelledByClient
    case deadlinesExceeded
    /// Requests answered in full, and answers by status class.
    case requestsCompleted
    case responses1xx
    case responses2xx
    case responses3xx
    case responses4xx
    case responses5xx
    case tlsHandshakes
    case tlsFailures
    case authenticationAccepted
    case authenticationRefused
    case tokenCacheHits
    case upstreamRetries
    case upstreamFailures
    case bufferBytes
    case bufferRefusals
    case descriptorsLost
    case cutAtDrain
    case malformedRequests
    case overloadRefusals
    /// Microseconds from the client's leaving to the upstream's close, summed; the histogram has the rest.
    case orphanMicrosecondsMax
    case keysGeneration
    /// HTTP/2 connections ended with ENHANCE_YOUR_CALM, by what they overdid.
    case http2RapidResets
    case http2ProvokedResets
    case http2HeadFloods
    case http2ControlFloods
    case http2EmptyFrameFloods
    case http2Stalls
    /// HTTP/2 connections ended by the protocol itself, for a rule that concerns the whole connection.
    case http2ProtocolErrors
    /// Of the exchanges in flight: watches, log follows and the like, and tunnels.
    case longRunningInFlight
    case tunnelsInFlight
    /// Durations of ordinary requests, summed, in microseconds; the histogram has the rest. Likewise orphan times.
    case requestMicroseconds
    case orphanMicroseconds
    /// Look-ups at other services that go on, and those that wait for their turn.
    case lookupsRunning
    case lookupsWaiting
    /// Watches and followed logs that a drain has ended between two items.
    case endedAtDrain
    /// Connections of believed proxies that did not begin with a proper PROXY header.
    case proxyHeadersRefused
    /// Connections to the API server that carry HTTP/2 now; and their streams begun, ended, open now (the ledger).
    case upstreamHTTP2Connections
    case upstreamStreamsOpened
    case upstreamStreamsEnded
    case upstreamStreams
    /// Such connections ended because the API server did not answer PING, and because it broke or overdid things.
    case upstreamSilent
    case upstreamFloods
    /// Log lines that standard error did not take.
    case logLinesLost
    /// Exchanges that wait for an issuer's keys.
    case keyWaiters

    /// Whether it only grows while its process lives, so that it can be summed over processes that are gone.
    package var isCounter: Bool {
        switch self {
        case .connections, .exchangesInFlight, .upstreamOpen, .upstreamIdle, .orphans, .bufferBytes,
            .orphanMicrosecondsMax, .keysGeneration, .longRunningInFlight, .tunnelsInFlight, .lookupsRunning,
            .lookupsWaiting, .upstreamHTTP2Connections, .upstreamStreams, .keyWaiters:
            false
        default: true
        }
    }
}
