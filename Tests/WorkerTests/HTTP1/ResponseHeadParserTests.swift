// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Response heads")
struct ResponseHeadParserTests {
    private func parsed(_ text: String, to method: HTTPMethod = .get) -> ResponseHead? {
        guard case .complete(let head) = CodecHarness.response(text, to: method) else { return nil }
        return head
    }

    @Test(
        "Framing and reuse",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5", HTTPMethod.get, MessageFraming.length(5), true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", .get, .chunked, true),
            ("HTTP/1.1 200 OK", .get, .untilClose, false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close", .get, .length(5), false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5", .get, .length(5), false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive", .get, .length(5), true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5", .head, .none, true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", .head, .none, true),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5", .get, .none, true),
            ("HTTP/1.1 204 No Content", .get, .none, true), ("HTTP/1.1 100 Continue", .post, .none, true),
            ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket", .get, .none, false),
        ])
    func framing(_ text: String, _ method: HTTPMethod, _ framing: MessageFraming, _ reusable: Bool) throws {
        let head = try #require(parsed("\(text)\r\n\r\n", to: method))
        #expect(head.framing == framing)
        #expect(head.keepAlive == reusable)
    }

    @Test(
        "Status lines",
        arguments: [
            ("HTTP/1.1 200 OK", 200 as UInt16?, "OK"), ("HTTP/1.1 200 ", 200, ""), ("HTTP/1.1 200", 200, ""),
            ("HTTP/1.1 599 A \u{e9} b", 599, "A \u{e9} b"), ("HTTP/1.1 099 x", nil, ""), ("HTTP/1.1 600 x", nil, ""),
            ("HTTP/1.1 20 OK", nil, ""), ("HTTP/1.1 2000 OK", nil, ""), ("HTTP/1.1  200 OK", nil, ""),
            ("HTTP/1.1 20x OK", nil, ""),
            ("HTTP/2.0 200 OK", nil, ""), ("http/1.1 200 OK", nil, ""), ("HTTP/1.1", nil, ""),
            ("ICY 200 OK hello", nil, ""),
        ])
    func statusLines(_ line: String, _ status: UInt16?, _ reason: String) {
        let text = "\(line)\r\nContent-Length: 0\r\n\r\n"
        let head = parsed(text)
        #expect(head?.status == status)
        if let head { #expect(CodecHarness.text(head.reason, of: text) == reason) }
    }

    @Test(
        "Refused",
        arguments: [
            ("Content-Length: 1\r\nContent-Length: 1", HTTPFault.repeatedField),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked", .lengthAndTransferEncoding),
            ("Content-Length: x", .invalidContentLength), ("Transfer-Encoding: gzip", .invalidTransferEncoding),
            ("A : b", .invalidFieldName), ("A: b\r\n c", .foldedField), ("A: b\nC: d", .bareLineFeed),
            ("Connection: content-length", .protectedFieldNominated),
        ])
    func refused(_ lines: String, _ fault: HTTPFault) {
        #expect(CodecHarness.response("HTTP/1.1 200 OK\r\n\(lines)\r\n\r\n") == .refused(fault))
    }

    @Test("Transfer-Encoding where no body is")
    func unexpectedTransferEncoding() {
        for status in ["100", "101", "204"] {
            let text = "HTTP/1.1 \(status) x\r\nTransfer-Encoding: chunked\r\n\r\n"
            #expect(CodecHarness.response(text) == .refused(.unexpectedTransferEncoding))
        }
        #expect(CodecHarness.response("\r\nHTTP/1.1 200 OK\r\n\r\n") == .refused(.emptyStartLine))
    }

    @Test("A length where no body is")
    func unexpectedContentLength() {
        for status in ["100", "101", "103", "204"] {
            let text = "HTTP/1.1 \(status) x\r\nContent-Length: 5\r\n\r\nhello"
            #expect(CodecHarness.response(text) == .refused(.unexpectedContentLength), "\(status)")
            #expect(parsed("HTTP/1.1 \(status) x\r\nContent-Length: 0\r\n\r\n")?.framing == MessageFraming.none)
        }
    }

    @Test("Upgrade means nothing that Connection does not name")
    func upgradeOption() {
        func agreed(_ connection: String) -> String? {
            let text = "HTTP/1.1 101 x\r\n\(connection)Upgrade: websocket\r\n\r\n"
            return parsed(text).map { CodecHarness.text($0.upgradeValue, of: text) }
        }
        #expect(agreed("") == "" && agreed("Connection: keep-alive\r\n") == "")
        #expect(agreed("Connection: Upgrade\r\n") == "websocket")
        #expect(agreed("Connection: keep-alive, upgrade\r\n") == "websocket")
    }

    @Test("Interim and switching")
    func kinds() {
        #expect(parsed("HTTP/1.1 103 Early Hints\r\n\r\n")?.isInterim == true)
        #expect(parsed("HTTP/1.1 101 x\r\nUpgrade: a\r\n\r\n")?.isInterim == false)
        #expect(parsed("HTTP/1.1 101 x\r\nUpgrade: a\r\n\r\n")?.switchesProtocols == true)
        #expect(parsed("HTTP/1.1 200 x\r\n\r\n")?.isInterim == false)
    }
}
