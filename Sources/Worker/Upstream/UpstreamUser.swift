// SPDX-License-Identifier: Apache-2.0

import Shared

/// Whoever uses an upstream connection, or a stream of one, at the moment: an exchange, or the probe at the start.
protocol UpstreamUser: AnyObject {
    /// A connection is being set up for it, which it must close if it ends before that is done.
    func upstreamConnecting(_ connection: UpstreamConnection)
    /// This side can carry a request now. `reused`: the connection had carried one before.
    func upstreamReady(_ side: UpstreamSide, reused: Bool)
    /// Something happened there.
    func upstreamEvent(_ readiness: Readiness)
    /// Bytes of the request went out on a stream.
    func upstreamProgressed()
    /// There will be no connection, or the one there was could not be set up. The pool has let go of it already.
    func upstreamUnavailable(_ failure: UpstreamFailure)
    /// It wants nothing of any connection any more.
    var isOver: Bool { get }
}
