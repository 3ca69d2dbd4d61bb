// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// exec and attach over `v4.channel.k8s.io` or `v5.channel.k8s.io`.
final class ShellConversation: Conversation {
    private let shell: EchoShell
    private let hasErrors: Bool

    /// - Parameter hasErrors: the client has asked for a channel of its own for errors.
    init(_ shell: EchoShell, hasErrors: Bool) {
        self.shell = shell
        self.hasErrors = hasErrors
    }

    func begin() -> Replies {
        // Kubelet tells a client that all is set up by an empty message.
        replies([.output(ByteBuffer())] + shell.begin())
    }

    func received(_ message: ByteBuffer) -> Replies {
        var message = message
        switch message.readInteger(as: UInt8.self) {
        case ChannelMessage.input: return message.readableBytes > 0 ? replies(shell.received(message)) : Replies()
        case ChannelMessage.close where message.readInteger(as: UInt8.self) == ChannelMessage.input:
            return replies(shell.inputEnded())
        default: return Replies()
        }
    }

    private func replies(_ steps: [EchoShell.Step]) -> Replies {
        var replies = Replies()
        for step in steps {
            switch step {
            case .output(let bytes): replies.messages.append(ChannelMessage.make(ChannelMessage.output, bytes))
            case .errors(let bytes):
                replies.messages.append(
                    ChannelMessage.make(hasErrors ? ChannelMessage.errors : ChannelMessage.output, bytes))
            case .exit(let code):
                replies.messages.append(ChannelMessage.status(exitCode: code))
                replies.isLast = true
            }
        }
        return replies
    }
}
