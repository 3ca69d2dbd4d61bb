// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOWebSocket

/// The WebSocket part of exec, attach and port-forward: whole messages to and from a conversation, pings, the closing
/// handshake, and reading no faster than the client takes what comes back.
final class StreamsHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// How long a client has for its part of the closing handshake.
    private static let closingLimit = TimeAmount.seconds(5)

    private let conversation: any Conversation
    private var isClosing = false

    init(_ conversation: any Conversation) {
        self.conversation = conversation
    }

    func handlerAdded(context: ChannelHandlerContext) {
        send(conversation.begin(), context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .binary, .text:
            guard !isClosing else { return }
            send(conversation.received(frame.unmaskedData), context)
        case .ping: write(.pong, frame.unmaskedData, context)
        case .connectionClose:
            if !isClosing { write(.connectionClose, frame.unmaskedData, context) }
            context.close(promise: nil)
        default: break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: context.channel.isWritable)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func send(_ replies: Replies, _ context: ChannelHandlerContext) {
        for message in replies.messages { write(.binary, message, context) }
        guard replies.isLast else { return }
        isClosing = true
        var code = ByteBuffer()
        code.write(webSocketErrorCode: .normalClosure)
        write(.connectionClose, code, context)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.closingLimit) { context.close(promise: nil) }
    }

    private func write(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: bytes)), promise: nil)
    }
}

/// What is said over one WebSocket.
protocol Conversation: AnyObject {
    func begin() -> Replies
    func received(_ message: ByteBuffer) -> Replies
}

/// Messages for the client, and whether they are the last.
struct Replies {
    var messages: [ByteBuffer] = []
    var isLast = false
}
