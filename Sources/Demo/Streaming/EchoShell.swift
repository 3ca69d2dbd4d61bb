// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What a "container" of the stand-in does with a command. It runs none: `echo` says its arguments, `exit N` ends with N,
/// and everything else sends back what it gets, as `cat` does.
struct EchoShell {
    enum Step: Equatable {
        case output(ByteBuffer)
        case errors(ByteBuffer)
        case exit(Int)
    }

    private let command: [String]
    private let hasInput: Bool
    private let isTerminal: Bool

    init(command: [String], hasInput: Bool, isTerminal: Bool) {
        self.command = command
        self.hasInput = hasInput
        self.isTerminal = isTerminal
    }

    func begin() -> [Step] {
        switch command.first {
        case "echo": return [.output(ByteBuffer(string: command.dropFirst().joined(separator: " ") + "\n")), .exit(0)]
        case "exit": return [.exit(command.dropFirst().first.flatMap(Int.init) ?? 0)]
        // Attached to what is running.
        case "cat", nil: break
        case .some(let name):
            let feed = isTerminal ? "\r\n" : "\n"
            let note = "stand-in: \(name) does not run here, but what it is sent comes back" + feed
            return [.errors(ByteBuffer(string: note))] + (hasInput ? [] : [.exit(0)])
        }
        return hasInput ? [] : [.exit(0)]
    }

    func received(_ bytes: ByteBuffer) -> [Step] {
        // A terminal in raw mode: Ctrl-C and Ctrl-D are bytes like others.
        if isTerminal, bytes.readableBytesView.contains(where: { $0 == 3 || $0 == 4 }) { return [.exit(0)] }
        return [.output(bytes)]
    }

    func inputEnded() -> [Step] { [.exit(0)] }
}
