// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// One request's answer on its way out: whole, or piece by piece with back-pressure. Confined to the event loop.
final class Reply {
    let request: Request
    private(set) var isFinished = false
    /// When the whole answer has gone to the kernel; nil until it is finished.
    private(set) var written: EventLoopFuture<Void>?
    private var headSent = false
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var readingPaused = false
    private let onFinish: (Reply) -> Void
    /// The whole request has come.
    var requestEnded = false
    /// Close the connection after this answer.
    var closesConnection: Bool

    init(request: Request, context: ChannelHandlerContext, onFinish: @escaping (Reply) -> Void) {
        self.request = request
        self.context = context
        self.onFinish = onFinish
        self.closesConnection = !request.head.isKeepAlive
    }

    /// Whether more may be written without piling up.
    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Answers with all at once.
    func answer(_ response: Response) {
        guard let context, !headSent else { return }
        headSent = true
        // An answer that comes before the request's end: what is still to come is not worth reading.
        if !requestEnded { closesConnection = true }
        var head = HTTPResponseHead(version: .http1_1, status: response.status, headers: response.headers)
        let mayHaveBody = response.status != .noContent && response.status != .notModified
        if mayHaveBody {
            head.headers.replaceOrAdd(name: "content-length", value: String(response.body.readableBytes))
        }
        writeHead(head, context)
        if mayHaveBody, request.method != .HEAD, response.body.readableBytes > 0 {
            context.write(wrap(.body(.byteBuffer(response.body))), promise: nil)
        }
        end(context, trailers: nil)
    }

    /// Starts an answer whose body follows by `write`; chunked, if `length` is nil.
    func begin(
        _ status: HTTPResponseStatus = .ok, contentType: String, length: Int? = nil, headers: HTTPHeaders = [:]
    ) {
        guard let context, !headSent else { return }
        headSent = true
        var head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        head.headers.replaceOrAdd(name: "content-type", value: contentType)
        if let length {
            head.headers.replaceOrAdd(name: "content-length", value: String(length))
        } else {
            head.headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
        }
        writeHead(head, context)
        if request.method == .HEAD {
            // The encoder would end a chunked answer with its last chunk, which an answer to HEAD must not have.
            if length == nil { closesConnection = true }
            end(context, trailers: nil)
        } else {
            context.flush()
        }
    }

    /// Sends a piece of the body.
    func write(_ bytes: ByteBuffer) {
        guard let context, headSent, bytes.readableBytes > 0 else { return }
        context.writeAndFlush(wrap(.body(.byteBuffer(bytes))), promise: nil)
    }

    func write(_ text: String) {
        write(ByteBuffer(string: text))
    }

    /// Ends the body.
    func finish(trailers: HTTPHeaders? = nil) {
        guard let context, headSent else { return }
        end(context, trailers: trailers)
    }

    /// Tells a client that waits for it (RFC 9110, 10.1.1) to send its body.
    func sendContinueIfExpected() {
        guard let context, !headSent,
            request.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" })
        else { return }
        context.writeAndFlush(wrap(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
    }

    /// Runs `action` once, later, unless the answer ends before. There is one such timer: a new one replaces the old.
    func after(_ delay: TimeAmount, _ action: @escaping () -> Void) {
        timer?.cancel()
        timer = context?.eventLoop.assumeIsolated().scheduleTask(in: delay, action)
    }

    /// Stops, or goes on, taking the request's body.
    func setReading(_ reading: Bool) {
        guard let context, readingPaused == reading else { return }
        readingPaused = !reading
        try? context.channel.syncOptions?.setOption(.autoRead, value: reading)
    }

    /// The connection is gone: nothing goes out any more.
    func abandon() {
        timer?.cancel()
        timer = nil
        context = nil
    }

    private func writeHead(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        var head = head
        if closesConnection { head.headers.replaceOrAdd(name: "connection", value: "close") }
        context.write(wrap(.head(head)), promise: nil)
    }

    private func end(_ context: ChannelHandlerContext, trailers: HTTPHeaders?) {
        setReading(true)
        timer?.cancel()
        timer = nil
        self.context = nil
        isFinished = true
        written = context.writeAndFlush(wrap(.end(trailers)))
        onFinish(self)
    }

    private func wrap(_ part: HTTPServerResponsePart) -> NIOAny {
        NIOAny(part)
    }
}
