// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// port-forward over `v4.channel.k8s.io` (kubelet's pkg/kubelet/cri/streaming/portforward/websocket.go of old): two
/// channels for each port, data and errors, each of which begins with the port's number. Every port echoes.
final class PortForwardConversation: Conversation {
    private let ports: [UInt16]

    init(ports: [UInt16]) {
        self.ports = ports
    }

    func begin() -> Replies {
        var replies = Replies()
        for (index, port) in ports.enumerated() {
            let number = ByteBuffer(integer: port, endianness: .little)
            replies.messages.append(ChannelMessage.make(UInt8(2 * index), number))
            replies.messages.append(ChannelMessage.make(UInt8(2 * index + 1), number))
        }
        return replies
    }

    func received(_ message: ByteBuffer) -> Replies {
        guard message.readableBytes > 1, let channel = message.getInteger(at: message.readerIndex, as: UInt8.self),
            channel % 2 == 0, Int(channel) < 2 * ports.count
        else { return Replies() }
        return Replies(messages: [message])
    }
}
