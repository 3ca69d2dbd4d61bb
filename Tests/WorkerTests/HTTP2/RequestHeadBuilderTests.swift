// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("A request's head out of HTTP/2's fields")
struct RequestHeadBuilderTests {
    private static let basic = [
        (":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/x?y=1"),
    ]

    private func build(
        _ fields: [(String, String)], endsStream: Bool = true, limits: HeadLimits = HeadLimits()
    ) -> (text: String, fault: HTTPFault?) {
        let pool = BufferPool(limit: 1 << 20)
        let head = Buffer(pool: pool)
        var builder = RequestHeadBuilder(limits: limits)
        builder.begin()
        for (name, value) in fields {
            ByteView.of(Array(name.utf8)) { name in
                ByteView.of(Array(value.utf8)) { value in builder.add(name, value, to: head) }
            }
        }
        builder.finish(endsStream: endsStream, to: head)
        var bytes: [UInt8] = []
        head.view { view in view.append(to: &bytes) }
        head.discardAll()
        return (String(decoding: bytes, as: UTF8.self), builder.fault)
    }

    @Test("The request line, Host, the fields in their order, and cookies as one field at the end")
    func form() {
        let built = build(Self.basic + [("cookie", "a=1"), ("accept", "*/*"), ("cookie", "b=2"), ("te", "trailers")])
        #expect(built.fault == nil)
        #expect(
            built.text
                == "GET /x?y=1 HTTP/1.1\r\nhost: a.test\r\naccept: */*\r\nte: trailers\r\ncookie: a=1; b=2\r\n\r\n")
    }

    @Test("A body's framing: none, its length, or chunked")
    func framing() {
        let post = [(":method", "POST")] + Self.basic.dropFirst()
        #expect(!build(post).text.contains("transfer-encoding"))
        #expect(build(post, endsStream: false).text.hasSuffix("transfer-encoding: chunked\r\n\r\n"))
        let sized = build(post + [("content-length", "5")], endsStream: false).text
        #expect(sized.contains("content-length: 5") && !sized.contains("chunked"))
    }

    @Test("Host beside :authority must be the same, and stands once")
    func host() {
        let same = build(Self.basic + [("host", "A.test")])
        #expect(same.fault == nil && same.text.split(separator: "host:").count == 2)
        #expect(build(Self.basic + [("host", "b.test")]).fault == .targetHostMismatch)
        #expect(build(Self.basic + [("host", "a.test"), ("host", "a.test")]).fault == .targetHostMismatch)
        let alone = build(Self.basic.filter { $0.0 != ":authority" } + [("host", "b.test")])
        #expect(alone.fault == nil && alone.text.contains("host: b.test"))
    }

    /// Each would mean something else in HTTP/1.1's text, or nothing.
    @Test(
        "What cannot be written is refused",
        arguments: [
            ("x", "a\r\nimpersonate-user: root", HTTPFault.controlByte), ("x", "a\nb", .controlByte),
            ("x", "a\0b", .controlByte), (":path", "/x", .invalidTarget), (":path", "evil", .invalidTarget),
            (":path", "https://other/", .invalidTarget), (":method", "GET", .invalidMethod),
            (":status", "200", .invalidFieldName), (":protocol", "websocket", .extendedConnect),
            (":scheme", "ftp", .invalidTarget), ("connection", "close", .invalidConnection),
            ("transfer-encoding", "chunked", .invalidConnection), ("upgrade", "h2c", .invalidConnection),
            ("keep-alive", "5", .invalidConnection), ("proxy-connection", "close", .invalidConnection),
            ("te", "gzip", .invalidConnection), ("X-Upper", "1", .invalidFieldName), ("x y", "1", .invalidFieldName),
            ("x:y", "1", .invalidFieldName), ("", "1", .invalidFieldName), ("x\r\ny", "1", .invalidFieldName),
        ])
    func refused(name: String, value: String, fault: HTTPFault) {
        #expect(build(Self.basic + [(name, value)]).fault == fault)
    }

    @Test("Pseudo-header fields come first, CONNECT has no target here, and limits hold")
    func limits() {
        #expect(build([("accept", "*/*")] + Self.basic).fault == .invalidMethod)
        #expect(build(Self.basic.prefix(3) + [("accept", "*/*"), (":path", "/")]).fault == .invalidTarget)
        #expect(build([(":method", "CONNECT"), (":authority", "a.test:443")]).fault == .unsupportedMethod)
        #expect(build([(":method", "GET"), (":scheme", "https")]).fault == .invalidTarget)
        var limits = HeadLimits()
        limits.fields = 4
        #expect(build(Self.basic + (0..<4).map { ("x-\($0)", "1") }, limits: limits).fault == nil)
        #expect(build(Self.basic + (0..<5).map { ("x-\($0)", "1") }, limits: limits).fault == .tooManyFields)
        limits = HeadLimits()
        limits.head = 1_000
        #expect(build(Self.basic + [("x", String(repeating: "y", count: 900))], limits: limits).fault == .headTooLarge)
        limits.startLine = 100
        limits.head = 10_000
        let long = [(":path", "/" + String(repeating: "z", count: 100))]
        #expect(build(Self.basic.dropLast() + long, limits: limits).fault == .startLineTooLong)
    }
}
