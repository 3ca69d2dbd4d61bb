// SPDX-License-Identifier: Apache-2.0

import Shared

/// How long each wait may take, in nanoseconds, reckoned once: a request sets a dozen deadlines, and `Duration` counts in
/// 128 bits. Shared by all exchanges and sessions of a worker.
final class WaitLimits: Sendable {
    let requestHead: UInt64
    let keepAliveIdle: UInt64
    let identity: UInt64
    let upstreamConnect: UInt64
    let firstResponseByte: UInt64
    let request: UInt64
    let bodyProgress: UInt64
    let tunnelIdle: UInt64

    init(_ configuration: DeadlinesConfiguration) {
        func nanoseconds(_ duration: Duration) -> UInt64 { UInt64(max(0, duration.nanoseconds)) }
        requestHead = nanoseconds(configuration.requestHead)
        keepAliveIdle = nanoseconds(configuration.keepAliveIdle)
        identity = nanoseconds(configuration.identity)
        upstreamConnect = nanoseconds(configuration.upstreamConnect)
        firstResponseByte = nanoseconds(configuration.firstResponseByte)
        request = nanoseconds(configuration.request)
        bodyProgress = nanoseconds(configuration.bodyProgress)
        tunnelIdle = nanoseconds(configuration.tunnelIdle)
    }
}
