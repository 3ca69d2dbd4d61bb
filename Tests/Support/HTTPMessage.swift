// SPDX-License-Identifier: Apache-2.0

/// The head of a message as it stood on the wire.
package struct HTTPHead: Equatable, Sendable {
    /// The request line or the status line.
    package let startLine: String
    /// In the order of the wire, names as they were spelled.
    package let fields: [(name: String, value: String)]

    /// nil for anything that has no end of head, or a line without a colon.
    package init?(_ bytes: some Collection<UInt8>) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: true)
        guard let first = lines.first else { return nil }
        startLine = String(first)
        var fields: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields.append((String(line[..<colon]), String(value)))
        }
        self.fields = fields
    }

    package func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    package subscript(name: String) -> String? {
        values(name).first
    }

    /// Of a response; 0 when the start line is none.
    package var status: Int {
        let parts = startLine.split(separator: " ")
        return parts.count > 1 && startLine.hasPrefix("HTTP/") ? Int(parts[1]) ?? 0 : 0
    }

    /// Of a request.
    package var method: String {
        String(startLine.prefix { $0 != " " })
    }

    /// Of a request: the target.
    package var target: String {
        let parts = startLine.split(separator: " ")
        return parts.count > 1 ? String(parts[1]) : ""
    }

    package static func == (left: HTTPHead, right: HTTPHead) -> Bool {
        left.startLine == right.startLine && left.fields.elementsEqual(right.fields, by: ==)
    }
}

/// A whole response, and how its end came.
package struct HTTPResponse: Sendable {
    package enum End: Equatable, Sendable {
        /// By its framing: the length, the last chunk, or none allowed.
        case complete
        /// The connection ended before the framing did.
        case cut(Wire.Received)
        /// The connection's orderly end is the body's end (neither length nor chunks).
        case closed
    }

    package let interim: [HTTPHead]
    package let head: HTTPHead
    package let body: [UInt8]
    package let trailers: [(name: String, value: String)]
    package let end: End

    package var status: Int { head.status }
    package var text: String { String(decoding: body, as: UTF8.self) }
}
