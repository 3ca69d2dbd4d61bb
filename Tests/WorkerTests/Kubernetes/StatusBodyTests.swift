// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Worker

@Suite("Errors as metav1.Status")
struct StatusBodyTests {
    private struct Status: Decodable {
        struct Details: Decodable {
            var retryAfterSeconds: Int?
        }
        var kind: String
        var apiVersion: String
        var status: String
        var message: String
        var reason: String
        var code: Int
        var details: Details?
    }

    private func render(_ response: ErrorResponse) -> (head: String, body: String) {
        let out = CodecHarness.written { writer in
            let fits = response.write(into: &writer)
            precondition(fits)
        }
        let text = CodecHarness.text(out.bytes)
        guard let gap = text.range(of: "\r\n\r\n") else { return (text, "") }
        return (String(text[..<gap.lowerBound]), String(text[gap.upperBound...]))
    }

    @Test(
        "Statuses, reasons and fields of the head",
        arguments: [
            (400, "BadRequest", 0, [String]()),
            (401, "Unauthorized", 0, ["WWW-Authenticate: Bearer realm=\"kubernetes\""]),
            (403, "Forbidden", 0, []), (413, "RequestEntityTooLarge", 0, []),
            (429, "TooManyRequests", 3, ["Retry-After: 3"]),
            (500, "InternalError", 0, []), (502, "", 0, []), (503, "ServiceUnavailable", 1, ["Retry-After: 1"]),
            (504, "Timeout", 0, []), (505, "", 0, []), (431, "BadRequest", 0, []),
        ])
    func statuses(_ code: Int, _ reason: String, _ retryAfter: Int, _ fields: [String]) throws {
        let body = StatusBody(code: code, message: ByteView("no: \"x\"\n"), retryAfter: retryAfter)
        let (head, text) = render(ErrorResponse(body: body, close: true))
        let status = try JSONDecoder().decode(Status.self, from: Data(text.utf8))
        #expect(status.kind == "Status")
        #expect(status.apiVersion == "v1")
        #expect(status.status == "Failure")
        #expect(status.code == code)
        #expect(status.reason == reason)
        #expect(status.message == "no: \"x\"\n")
        #expect(status.details?.retryAfterSeconds == (retryAfter > 0 ? retryAfter : nil))
        let lines = head.components(separatedBy: "\r\n")
        #expect(lines[0].hasPrefix("HTTP/1.1 \(code) "))
        #expect(lines.contains("Content-Type: application/json"))
        #expect(lines.contains("Connection: close"))
        #expect(lines.contains("Content-Length: \(text.utf8.count)"))
        for field in fields { #expect(lines.contains(field)) }
        #expect(lines.contains { $0.hasPrefix("WWW-Authenticate") } == (code == 401))
    }

    @Test("A response that our own parser takes, with or without a body")
    func ownParser() {
        let body = StatusBody(.missingHost)
        let (head, text) = render(ErrorResponse(body: body, close: false))
        guard case .complete(let parsed) = CodecHarness.response("\(head)\r\n\r\n\(text)") else {
            Issue.record("not parsed")
            return
        }
        #expect(parsed.framing == .length(UInt64(text.utf8.count)))
        #expect(parsed.keepAlive)
        let empty = render(ErrorResponse(body: body, close: false, isHead: true))
        #expect(empty.head == head)
        #expect(empty.body.isEmpty)
        #expect(
            render(ErrorResponse(body: body, close: false, minorVersion: 0)).head.contains("Connection: keep-alive"))
    }

    @Test("An answer says when it was made, and what else it is asked to")
    func fields() {
        let body = StatusBody(code: 405, message: ByteView("POST, please"), retryAfter: 0)
        let dated = ErrorResponse(body: body, close: false, field: "Allow: POST\r\n", date: 784_111_777)
        let lines = render(dated).head.components(separatedBy: "\r\n")
        #expect(lines.contains("Allow: POST") && lines.contains("Date: Sun, 06 Nov 1994 08:49:37 GMT"))
        #expect(GatewayAnswer(.refused(.methodNotAllowed))?.field.description == "Allow: POST\r\n")
        #expect(GatewayAnswer(.refused(.tokenRefused))?.field.description.isEmpty == true)
    }

    @Test("What does not fit is said so")
    func overflow() {
        for capacity in [0, 10, 150, 300] {
            _ = CodecHarness.written(capacity: capacity) { writer in
                #expect(!ErrorResponse(body: StatusBody(.missingHost), close: true).write(into: &writer))
            }
        }
    }

    @Test(
        "Any bytes become a JSON string",
        arguments: [
            ([0x61, 0x22, 0x5C, 0x08, 0x1F, 0x7F] as [UInt8], "a\"\\\u{8}\u{1f}\u{7f}"),
            ([0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80], "é😀"),
            ([0xFF, 0x61], "\u{fffd}a"), ([0xC3], "\u{fffd}"), ([0xED, 0xA0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"),
            ([0xF4, 0x90, 0x80, 0x80], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"), ([0xC0, 0xAF], "\u{fffd}\u{fffd}"),
            ([0x3C, 0x3E, 0x26], "<>&"),
        ])
    func json(_ bytes: [UInt8], _ expected: String) throws {
        let out = CodecHarness.view(bytes) { view in
            CodecHarness.written { writer in
                writer.append("[\"")
                JSONText.write(view, into: &writer)
                writer.append("\"]")
            }
        }
        #expect(try JSONDecoder().decode([String].self, from: Data(out.bytes)) == [expected])
    }
}
