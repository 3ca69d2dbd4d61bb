// SPDX-License-Identifier: Apache-2.0

import Shared

/// The API server's side of one exchange: a connection that carries one request at a time, or one stream of a connection
/// that carries many.
///
/// Whatever the protocol, the request's head is written into `send` in HTTP/1's form, its body behind it, and the
/// response comes in `receive` in that form, so that one editor and one strict parser serve all.
class UpstreamSide {
    final let receive: Buffer
    final let send: Buffer

    init(buffers: BufferPool) {
        receive = Buffer(pool: buffers)
        send = Buffer(pool: buffers)
    }

    // MARK: What a protocol must do

    /// The stream's number; 0: it is no stream, or has not begun.
    var streamID: Int32 { 0 }

    /// It carries its requests beside others: what the server refuses or has never seen can be told from what it may have
    /// acted upon.
    var isStream: Bool { false }

    /// How the body of a request is to lie in `send`.
    func bodyFraming(of head: RequestHead) -> MessageFraming { head.framing }

    /// The request's head is in `send`, and nothing behind it yet. False: it cannot be sent.
    func beginRequest(_ head: RequestHead) -> Bool { true }

    /// All of the request's body is in `send`.
    func endRequest(trailers: @autoclosure () -> [UInt8]) {}

    /// Moves what has come, once, into `receive`. `inBulk`: several records' worth, where it comes in such numbers.
    func fill(inBulk: Bool) -> StreamSocket.Outcome { .lost(.connectionLost) }

    /// The last `fill` took as much as it may, and has probably left something.
    var leftSome: Bool { receive.isFull }

    /// Sends what there is, or sees to it that it is sent.
    func flush() -> StreamSocket.Outcome { .lost(.connectionLost) }

    /// Whether the API server has not yet taken what there is for it.
    var isBlocked: Bool { !send.isEmpty }

    /// Whether there is more to `fill` with, of which no event will tell.
    var hasPending: Bool { false }

    /// Nothing has come, or been heard, that does not belong to the response: another request may follow.
    var isClean: Bool { receive.isEmpty && send.isEmpty }

    /// The trailers behind a response whose end is the stream's; lines with their CRLF, checked.
    var responseTrailers: [UInt8] { [] }

    /// What a tunnel goes through, which stays this side's to close; nil: the protocol has no tunnels.
    var tunnelSocket: StreamSocket? { nil }

    /// What its loss means for the request.
    var loss: UpstreamLoss { .ended }

    /// Says whether the user would read more now.
    func watch(reading: Bool) {}

    /// It has carried a whole request and its whole response.
    func release() {}

    /// Ends it. `reset`: at once and so that the API server notices even if it has not read all of the request.
    func close(reset: Bool) {}
}
