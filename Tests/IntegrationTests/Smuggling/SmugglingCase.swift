// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Bytes of a client, and what must come of them.
///
/// In the texts `{h}` stands for the Host line, `{a}` for the Authorization line, `{up}` for the upstream's own name,
/// `{b}` for the lines that the gateway adds.
struct SmugglingCase: Sendable {
    enum Expectation: Sendable {
        /// Answered with this status, and then the connection is closed; the upstream sees no whole request.
        case refused(Int)
        /// The upstream sees exactly these messages; as many answers come.
        case relayed([String])
    }

    let name: String
    let bytes: [UInt8]
    let expectation: Expectation

    /// A request that must be refused; 400 unless said otherwise.
    static func refused(_ name: String, _ text: String, _ status: Int = 400) -> SmugglingCase {
        SmugglingCase(name: name, bytes: Array(text.utf8), expectation: .refused(status))
    }

    static func relayed(_ name: String, _ text: String, _ messages: String...) -> SmugglingCase {
        SmugglingCase(name: name, bytes: Array(text.utf8), expectation: .relayed(messages))
    }

    /// A GET with these lines, refused.
    static func refusedField(_ lines: String, _ status: Int = 400) -> SmugglingCase {
        refused("field \(lines.prefix(40))", "GET /c HTTP/1.1\r\n{h}{a}\(lines)\r\n\r\n", status)
    }

    /// A GET with these lines; the upstream sees `left` of them.
    static func passedField(_ lines: String, left: String) -> SmugglingCase {
        relayed(
            "field \(lines.prefix(40))", "GET /c HTTP/1.1\r\n{h}{a}\(lines)\r\n\r\n",
            "GET /c HTTP/1.1\r\nHost: {up}\r\n\(left){b}\r\n")
    }

    /// A POST whose framing and body are these, refused.
    static func refusedBody(_ framing: String, _ body: String, _ status: Int = 400) -> SmugglingCase {
        refused(
            "body \(framing.prefix(50)) \(body.prefix(20))", "POST /c HTTP/1.1\r\n{h}{a}\(framing)\r\n\r\n\(body)",
            status)
    }

    static func chunked(_ body: String, becomes rebuilt: String) -> SmugglingCase {
        relayed(
            "chunks \(body.prefix(30))", "POST /c HTTP/1.1\r\n{h}{a}Transfer-Encoding: chunked\r\n\r\n\(body)",
            "POST /c HTTP/1.1\r\nHost: {up}\r\nTransfer-Encoding: chunked\r\n{b}\r\n\(rebuilt)")
    }

    static func refusedChunks(_ body: String, _ status: Int = 400) -> SmugglingCase {
        refusedBody("Transfer-Encoding: chunked", body, status)
    }

    static func refusedLine(_ line: String, _ status: Int = 400) -> SmugglingCase {
        refused("line \(line.prefix(40))", "\(line)\r\n{h}{a}\r\n", status)
    }

    /// A request target that arrives as `target`, or as something else.
    static func passedLine(_ line: String, becomes rebuilt: String) -> SmugglingCase {
        relayed("line \(line.prefix(40))", "\(line)\r\n{h}{a}\r\n", "\(rebuilt)\r\nHost: {up}\r\n{b}\r\n")
    }
}
