// SPDX-License-Identifier: Apache-2.0

import Shared

/// One stream as its engine sees it when it has room to send: a body, and how it ends.
protocol HTTP2BodySource: AnyObject {
    /// The body bytes that are there.
    var send: Buffer { get }
    /// The engine has copied so many bytes off the front of `send`.
    func took(_ count: Int) -> HTTP2Taken
}

/// What comes behind the bytes that the engine has taken of a body.
enum HTTP2Taken {
    case more
    /// It was the message's end; with its trailers.
    case end(trailers: [UInt8])
}
