// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// What serves one request. Every call comes on the connection's event loop, in the order of the request's parts; after
/// the reply was finished, or `cancel`, there are none.
protocol Endpoint: AnyObject {
    /// The head has come.
    func begin(_ reply: Reply)
    /// A piece of the body has come.
    func received(_ bytes: ByteBuffer, _ reply: Reply)
    /// The request is complete.
    func receivedEnd(_ reply: Reply)
    /// What was written has gone out far enough that more may be written.
    func writable(_ reply: Reply)
    /// The client is gone before the reply was finished.
    func cancel()
}

extension Endpoint {
    func begin(_ reply: Reply) {}
    func received(_ bytes: ByteBuffer, _ reply: Reply) {}
    func receivedEnd(_ reply: Reply) {}
    func writable(_ reply: Reply) {}
    func cancel() {}
}
