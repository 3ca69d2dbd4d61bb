// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// One line that a client of the control socket sends: a JSON object that names a command.
struct ControlRequest: Codable, Equatable {
    var command: String
    /// What `kill` is to end.
    var id: String?

    init(command: String, id: String? = nil) {
        self.command = command
        self.id = id
    }

    /// nil: not such an object.
    init?(line: [UInt8]) {
        guard let request = try? JSONDecoder().decode(ControlRequest.self, from: Data(line)) else { return nil }
        self = request
    }
}

/// The answer when there is no other.
struct ControlFailure: Codable, Equatable {
    var error: String
}

/// The answer to `kill`.
struct CancelledRequest: Codable, Equatable {
    var cancelled: String
}

/// The answer to a command that did something.
struct ControlSuccess: Encodable, Equatable {
    var message: String
}

/// Writes answers: one line of JSON each, members in alphabetical order.
enum ControlAnswer {
    static func line(_ answer: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(answer) else { return Array("{\"error\":\"no answer\"}\n".utf8) }
        return Array(data) + [UInt8(ascii: "\n")]
    }
}
