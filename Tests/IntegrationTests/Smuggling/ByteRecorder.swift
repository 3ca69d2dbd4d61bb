// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport

/// An upstream that keeps every byte it is sent, cut into messages by a reader of its own, and answers each message once.
final class ByteRecorder: Sendable {
    private struct State {
        var messages: [String] = []
        var unreadable: [String] = []
    }

    private let state = Mutex(State())

    /// Every whole message so far.
    var messages: [String] { state.withLock { $0.messages } }
    /// What no message can be read from.
    var unreadable: [String] { state.withLock { $0.unreadable } }

    func serve(_ connection: ScriptedConnection) throws {
        var pending: [UInt8] = []
        while case .bytes(let bytes) = connection.wire.read(by: .after(.seconds(120))) {
            pending += bytes
            while !pending.isEmpty {
                switch MessageLength.of(pending) {
                case .incomplete: break
                case .unreadable:
                    state.withLock { $0.unreadable.append(String(decoding: pending, as: UTF8.self)) }
                    return
                case .whole(let length):
                    let message = String(decoding: pending.prefix(length), as: UTF8.self)
                    state.withLock { $0.messages.append(message) }
                    pending.removeFirst(length)
                    if message.hasPrefix("HEAD ") {
                        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
                    } else {
                        connection.answer(body: "seen")
                    }
                    continue
                }
                break
            }
        }
    }
}
