// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// Collects one answer, up to a bound, and fulfils a promise with it.
final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private static let maximumBody = 1_048_576

    private let promise: EventLoopPromise<TourClient.Answer>
    private let onBody: (@Sendable (String) -> Void)?
    private var head: HTTPResponseHead?
    private var body = ""

    init(_ promise: EventLoopPromise<TourClient.Answer>, _ onBody: (@Sendable (String) -> Void)?) {
        self.promise = promise
        self.onBody = onBody
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
        case .body(let bytes):
            let text = String(buffer: bytes)
            onBody?(text)
            body += text
            if body.utf8.count > Self.maximumBody { fail(TourClient.Failure.tooLarge, context) }
        case .end:
            guard let head else { return }
            promise.succeed(.init(status: Int(head.status.code), headers: head.headers, body: body))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(TourClient.Failure.closed)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        promise.fail(TourClient.Failure.closed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error, context)
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
