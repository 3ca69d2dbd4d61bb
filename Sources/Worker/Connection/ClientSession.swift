// SPDX-License-Identifier: Apache-2.0

import Shared

/// What is spoken on a client's connection once TLS (if any) stands: HTTP/1.1, or HTTP/2.
protocol ClientSession: AnyObject {
    /// Begins; bytes may wait already.
    func start()
    /// The connection's socket has something to tell.
    func ready(_ readiness: Readiness, now: Instant)
    /// The connection's deadline, which the session set, has passed.
    func deadlinePassed(now: Instant)
    /// The worker drains: what carries no request ends now, everything else after what it carries.
    func drain()
    /// The drain's deadline has come: every exchange ends.
    func cutExchanges()
    /// Every exchange that goes on here.
    func forEachExchange(_ body: (Exchange) -> Void)
    /// The exchange with this number, if it goes on here.
    func exchange(_ id: UInt64) -> Exchange?
    /// The connection is gone: gives back what the session holds.
    func connectionClosed()
}
