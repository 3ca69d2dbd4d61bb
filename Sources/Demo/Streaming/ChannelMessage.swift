// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A message of the `channel.k8s.io` subprotocols (k8s.io/apimachinery, pkg/util/remotecommand/constants.go): its first
/// byte says whose the others are.
enum ChannelMessage {
    static let input: UInt8 = 0
    static let output: UInt8 = 1
    static let errors: UInt8 = 2
    /// Carries the `Status` at the end.
    static let status: UInt8 = 3
    static let resize: UInt8 = 4
    /// Only in v5: the channel named by the next byte has ended.
    static let close: UInt8 = 255

    static func make(_ channel: UInt8, _ bytes: ByteBuffer = ByteBuffer()) -> ByteBuffer {
        var message = ByteBuffer(bytes: [channel])
        message.writeImmutableBuffer(bytes)
        return message
    }

    /// How the command ended, as kubelet says it.
    static func status(exitCode: Int) -> ByteBuffer {
        guard exitCode != 0 else {
            return make(status, ByteBuffer(string: JSON.object(["metadata": [:], "status": "Success"]).line()))
        }
        let text: JSON = [
            "metadata": [:], "status": "Failure", "reason": "NonZeroExitCode",
            "message": .string("command terminated with non-zero exit code: exit status \(exitCode)"),
            "details": ["causes": [["reason": "ExitCode", "message": .string(String(exitCode))]]],
        ]
        return make(status, ByteBuffer(string: text.line()))
    }
}
