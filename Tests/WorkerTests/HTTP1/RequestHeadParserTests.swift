// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Request heads")
struct RequestHeadParserTests {
    @Test("A usual request and all its parts")
    func usual() throws {
        let text =
            "GET /api/v1/pods?limit=5 HTTP/1.1\r\nHost: a:8443\r\nAuthorization: Bearer abc \r\nTE: x, trailers\r\n\r\n"
        let head = try #require(CodecHarness.head(text))
        #expect(head.method == .get)
        #expect(CodecHarness.text(head.target, of: text) == "/api/v1/pods?limit=5")
        #expect(CodecHarness.text(head.path, of: text) == "/api/v1/pods")
        #expect(CodecHarness.text(head.query, of: text) == "limit=5")
        #expect(CodecHarness.text(head.host, of: text) == "a:8443")
        #expect(CodecHarness.text(head.authorization, of: text) == "Bearer abc")
        #expect(head.headLength == text.utf8.count)
        #expect(head.framing == .none)
        #expect(head.keepAlive)
        #expect(head.acceptsTrailers)
        #expect(!head.hasImpersonation)
        #expect(head.upgrade == nil)
    }

    @Test(
        "Methods",
        arguments: [
            ("GET", HTTPMethod.get, true, true), ("HEAD", .head, true, true), ("POST", .post, false, false),
            ("PUT", .put, false, true), ("PATCH", .patch, false, false), ("DELETE", .delete, false, true),
            ("OPTIONS", .options, true, true),
            ("get", .other(ByteRange(start: 0, count: 3)), false, false),
            ("MKCOL", .other(ByteRange(start: 0, count: 5)), false, false),
        ])
    func methods(_ name: String, _ method: HTTPMethod, _ isSafe: Bool, _ isIdempotent: Bool) {
        let head = CodecHarness.head("\(name) / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head?.method == method)
        #expect(method.isSafe == isSafe)
        #expect(method.isIdempotent == isIdempotent)
    }

    @Test(
        "Start lines that are refused",
        arguments: [
            ("G<T / HTTP/1.1", HTTPFault.invalidMethod), (" GET / HTTP/1.1", .invalidMethod), ("GET", .invalidMethod),
            ("\tGET / HTTP/1.1", .invalidMethod), ("G\u{e9}T / HTTP/1.1", .invalidMethod),
            ("GET /", .invalidRequestLine), ("GET  / HTTP/1.1", .invalidRequestLine), ("GET / ", .invalidRequestLine),
            ("GET /  HTTP/1.1", .invalidRequestLine), ("GET / HTTP/1.1 ", .invalidRequestLine),
            ("GET / x HTTP/1.1", .invalidRequestLine), ("GET / http/1.1", .invalidRequestLine),
            ("GET / HTTP/11", .invalidRequestLine), ("GET / HTTP/1.10", .invalidRequestLine),
            ("GET / FTP/1.1", .invalidRequestLine), ("GET /\tHTTP/1.1", .invalidRequestLine),
            ("GET / HTTP/2.0", .unsupportedVersion), ("GET / HTTP/1.2", .unsupportedVersion),
            ("GET / HTTP/0.9", .unsupportedVersion), ("PRI * HTTP/2.0", .unsupportedVersion),
            ("CONNECT a:443 HTTP/1.1", .unsupportedMethod), ("TRACE / HTTP/1.1", .unsupportedMethod),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1", .unsupportedMethod),
        ])
    func startLines(_ line: String, _ fault: HTTPFault) {
        #expect(CodecHarness.fault("\(line)\r\nHost: a\r\n\r\n") == fault)
    }

    @Test(
        "Fields that are refused",
        arguments: [
            ("A : b", HTTPFault.invalidFieldName), (": b", .invalidFieldName), ("A", .invalidFieldName),
            ("A b: c", .invalidFieldName), ("A\t: c", .invalidFieldName), ("A(: c", .invalidFieldName),
            ("\u{e9}: c", .invalidFieldName), ("A: b\r\n c", .foldedField), ("A: b\r\n\tc: d", .foldedField),
            ("A: b\rc", .bareCarriageReturn), ("A: b\nc: d", .bareLineFeed), ("A: b\r\r\nc: d", .bareCarriageReturn),
            ("A: b\0", .controlByte), ("A: \u{1}", .controlByte), ("A: \u{7f}", .controlByte), ("A\0: b", .controlByte),
            ("A: \u{1f}b", .controlByte), ("Host: b", .repeatedField),
            ("Authorization: a\r\nAuthorization: a", .repeatedField),
            ("Content-Type: a\r\nContent-Type: b", .repeatedField), ("Upgrade: a\r\nUpgrade: b", .repeatedField),
            ("Content_Length: 1", .underscoredField), ("Transfer_Encoding: x", .underscoredField),
            ("Impersonate_User: x", .underscoredField),
            ("X_Remote-User: x", .underscoredField), ("X-Forwarded_For: x", .underscoredField),
            ("Keep_Alive: x", .underscoredField), ("Proxy_Authorization: x", .underscoredField),
            ("Connection: a b", .invalidConnection), ("Connection: a;b", .invalidConnection),
            ("Connection: close, host", .protectedFieldNominated),
            ("Connection: Content-Length", .protectedFieldNominated),
            ("Connection: authorization", .protectedFieldNominated),
            ("Connection: X-Remote-User", .protectedFieldNominated),
            ("Connection: Impersonate-User", .protectedFieldNominated),
            ("Connection: X-Forwarded-For", .protectedFieldNominated),
            ("Connection: transfer-encoding", .protectedFieldNominated),
            ("Expect: 200-ok", .unsupportedExpectation),
            ("Expect: 100-continue\r\nExpect: 100-continue", .repeatedField),
        ])
    func fields(_ lines: String, _ fault: HTTPFault) {
        #expect(CodecHarness.fault("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n") == fault)
    }

    @Test(
        "Framing that is refused",
        arguments: [
            ("Content-Length: 1\r\nTransfer-Encoding: chunked", HTTPFault.lengthAndTransferEncoding),
            ("Transfer-Encoding: chunked\r\nContent-Length: 0", .lengthAndTransferEncoding),
            ("Content-Length: 1\r\nContent-Length: 1", .repeatedField), ("Content-Length: 1, 1", .invalidContentLength),
            ("Content-Length: +1", .invalidContentLength), ("Content-Length: -1", .invalidContentLength),
            ("Content-Length:", .invalidContentLength), ("Content-Length: 0x1", .invalidContentLength),
            ("Content-Length: 1 1", .invalidContentLength), ("Content-Length: 1_0", .invalidContentLength),
            ("Content-Length: 9223372036854775808", .invalidContentLength),
            ("Content-Length: 18446744073709551617", .invalidContentLength),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .repeatedField),
            ("Transfer-Encoding: gzip, chunked", .invalidTransferEncoding),
            ("Transfer-Encoding: identity", .invalidTransferEncoding),
            ("Transfer-Encoding: chunked, identity", .invalidTransferEncoding),
            ("Transfer-Encoding:", .invalidTransferEncoding),
            ("Transfer-Encoding: chunked,", .invalidTransferEncoding),
            ("Transfer-Encoding: \"chunked\"", .invalidTransferEncoding),
            ("Transfer-Encoding: chunked;q=1", .invalidTransferEncoding),
            ("Transfer-Encoding: xchunked", .invalidTransferEncoding),
        ])
    func framing(_ lines: String, _ fault: HTTPFault) {
        #expect(CodecHarness.fault("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n") == fault)
    }

    @Test(
        "Framing that is accepted",
        arguments: [
            ("Content-Length: 0", MessageFraming.length(0)), ("Content-Length: 007", .length(7)),
            ("content-LENGTH:\t42 ", .length(42)),
            ("Content-Length: 999999999999999999", .length(999_999_999_999_999_999)),
            ("Transfer-Encoding: CHUNKED", .chunked), ("X: y", .none),
        ])
    func framing(_ lines: String, _ framing: MessageFraming) {
        #expect(CodecHarness.head("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n")?.framing == framing)
    }

    @Test("Transfer-Encoding in HTTP/1.0 is refused")
    func transferEncodingInOldVersion() {
        let text = "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(CodecHarness.fault(text) == .invalidTransferEncoding)
    }

    @Test(
        "Hosts",
        arguments: [
            ("a", true), ("a.b-c:1", true), ("127.0.0.1:65535", true), ("[::1]", true), ("[::1]:8443", true),
            ("a:", true),
            ("", false), ("a b", false), ("a:x", false), ("a:123456", false), ("[::1", false), ("[]", false),
            ("[::1]x", false),
            ("::1", false), ("a/b", false), ("u@a", false), ("a%20b", false), ("a,b:1,", false), (":80", false),
            ("[g]", false), ("a\u{e9}", false),
        ])
    func hosts(_ host: String, _ valid: Bool) {
        let text = "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n"
        if valid { #expect(CodecHarness.head(text) != nil) } else { #expect(CodecHarness.fault(text) == .invalidHost) }
    }

    @Test("Host is required, also in HTTP/1.0", arguments: ["1.0", "1.1"])
    func missingHost(_ version: String) {
        #expect(CodecHarness.fault("GET / HTTP/\(version)\r\n\r\n") == .missingHost)
    }

    @Test(
        "Whether the connection stays",
        arguments: [
            ("1.1", "X: y", true), ("1.1", "Connection: close", false), ("1.1", "Connection: foo, CLOSE", false),
            ("1.1", "Connection: keep-alive\r\nConnection: close", false), ("1.0", "X: y", false),
            ("1.0", "Connection: Keep-Alive", true), ("1.0", "Connection: keep-alive, close", false),
        ])
    func keepAlive(_ version: String, _ line: String, _ stays: Bool) {
        #expect(CodecHarness.head("GET / HTTP/\(version)\r\nHost: a\r\n\(line)\r\n\r\n")?.keepAlive == stays)
    }

    @Test(
        "Upgrades",
        arguments: [
            ("1.1", "Connection: Upgrade\r\nUpgrade: websocket", UpgradeProtocol?.some(.webSocket)),
            ("1.1", "Connection: keep-alive, upgrade\r\nUpgrade: SPDY/3.1", .some(.spdy)),
            ("1.1", "Connection: Upgrade\r\nUpgrade: h2c", .some(.other)),
            ("1.1", "Connection: Upgrade\r\nUpgrade: websocket, h2c", .some(.other)),
            ("1.1", "Upgrade: websocket", .none), ("1.1", "Connection: Upgrade", .none),
            ("1.0", "Connection: Upgrade\r\nUpgrade: websocket", .none),
        ])
    func upgrades(_ version: String, _ lines: String, _ upgrade: UpgradeProtocol?) {
        #expect(CodecHarness.head("GET / HTTP/\(version)\r\nHost: a\r\n\(lines)\r\n\r\n")?.upgrade == upgrade)
    }

    @Test("Expect counts in HTTP/1.1 only")
    func expectation() {
        let lines = "Host: a\r\nExpect: 100-Continue\r\n\r\n"
        #expect(CodecHarness.head("PUT / HTTP/1.1\r\n\(lines)")?.expectsContinue == true)
        #expect(CodecHarness.head("PUT / HTTP/1.0\r\n\(lines)")?.expectsContinue == false)
    }

    @Test("Impersonation is noticed", arguments: ["Impersonate-User", "impersonate-extra-x", "IMPERSONATE-FOO"])
    func impersonation(_ name: String) {
        #expect(CodecHarness.head("GET / HTTP/1.1\r\nHost: a\r\n\(name): b\r\n\r\n")?.hasImpersonation == true)
    }

    @Test("One empty line may stand before a request")
    func emptyLine() {
        #expect(CodecHarness.head("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")?.headLength == 29)
        #expect(CodecHarness.fault("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == .emptyStartLine)
    }

    @Test("Limits, at and above")
    func limits() {
        let limits = HeadLimits(startLine: 20, head: 60, fields: 2)
        let fits = "GET /123456 HTTP/1.1\r\nHost: a\r\nA: 1234567890123456789012\r\n\r\n"
        #expect(fits.utf8.count == 60)
        guard case .complete = CodecHarness.request(fits, limits: limits) else {
            Issue.record("a head at its limits is refused")
            return
        }
        let line = "GET /1234567 HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(CodecHarness.fault(line, limits: limits) == .startLineTooLong)
        #expect(CodecHarness.fault("GET /12345678901234567890", limits: limits) == .startLineTooLong)
        #expect(CodecHarness.fault(fits.replacing("2\r\n\r\n", with: "23\r\n\r\n"), limits: limits) == .headTooLarge)
        #expect(
            CodecHarness.fault("GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 50), limits: limits)
                == .headTooLarge)
        let three = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n"
        #expect(CodecHarness.fault(three, limits: limits) == .tooManyFields)
    }

    @Test("Each fault has a status, and a reason of its own")
    func faults() {
        #expect(Set(HTTPFault.allCases.map { "\($0.reason)" }).count == HTTPFault.allCases.count)
        for fault in HTTPFault.allCases {
            #expect((400...599).contains(fault.status))
            #expect(fault.message.utf8CodeUnitCount > 0)
        }
        #expect(HTTPFault.startLineTooLong.status == 414)
        #expect(HTTPFault.headTooLarge.status == 431)
        #expect(HTTPFault.unsupportedVersion.status == 505)
    }
}
