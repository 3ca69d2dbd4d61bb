// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Asks the supervisor's control socket: one JSON line there, one JSON line back.
package struct ControlSocket: Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package func status() throws -> GatewayStatus {
        try GatewayStatus(json: ask(#"{"command":"status"}"#))
    }

    /// The answer's line.
    package func ask(_ line: String) throws(HarnessError) -> [UInt8] {
        let deadline = Deadline.after(.seconds(5))
        let wire = Wire(descriptor: try Sockets.connect(toUnixSocket: path))
        wire.write(line + "\n", by: deadline)
        var answer: [UInt8] = []
        while answer.last != UInt8(ascii: "\n") {
            switch wire.read(by: deadline) {
            case .bytes(let bytes): answer += bytes
            case .timedOut: throw .timedOut(waitingFor: "the control socket's answer")
            default: throw .unexpected("the control socket closed after \(answer.count) bytes")
            }
        }
        return answer
    }
}
