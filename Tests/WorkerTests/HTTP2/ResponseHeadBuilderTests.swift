// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("A response's head out of HTTP/2's fields")
struct ResponseHeadBuilderTests {
    private func build(
        _ fields: [(String, String)], isEmpty: Bool = false
    ) -> (text: String, fault: HTTPFault?, isInterim: Bool) {
        let head = Buffer(pool: BufferPool(limit: 1 << 20))
        var builder = ResponseHeadBuilder(limits: HeadLimits(startLine: 8_192, head: 65_536, fields: 128))
        builder.begin()
        for (name, value) in fields {
            ByteView.of(Array(name.utf8)) { name in
                ByteView.of(Array(value.utf8)) { value in builder.add(name, value, to: head) }
            }
        }
        builder.finish(isEmpty: isEmpty, to: head)
        var bytes: [UInt8] = []
        head.view { view in view.append(to: &bytes) }
        head.discardAll()
        return (String(decoding: bytes, as: UTF8.self), builder.fault, builder.isInterim)
    }

    @Test("The status line and the fields in their order; a body's length only where there is none to come")
    func form() {
        let built = build([(":status", "200"), ("a", "1"), ("set-cookie", "x"), ("set-cookie", "y")])
        #expect(built.text == "HTTP/1.1 200 \r\na: 1\r\nset-cookie: x\r\nset-cookie: y\r\n\r\n")
        #expect(built.fault == nil && !built.isInterim)
        #expect(build([(":status", "201")], isEmpty: true).text == "HTTP/1.1 201 \r\ncontent-length: 0\r\n\r\n")
        #expect(build([(":status", "204")], isEmpty: true).text == "HTTP/1.1 204 \r\n\r\n")
        #expect(build([(":status", "304")], isEmpty: true).text == "HTTP/1.1 304 \r\n\r\n")
        let sized = build([(":status", "200"), ("content-length", "0")], isEmpty: true)
        #expect(sized.text == "HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n")
        #expect(build([(":status", "103"), ("link", "x")]).isInterim)
    }

    private static let refused: [([(String, String)], HTTPFault)] = [
        ([("a", "1")], .invalidStatusLine), ([], .invalidStatusLine),
        ([(":status", "20")], .invalidStatusLine), ([(":status", "2000")], .invalidStatusLine),
        ([(":status", "2x0")], .invalidStatusLine), ([(":status", "099")], .invalidStatusLine),
        ([(":status", "600")], .invalidStatusLine), ([(":status", "101")], .invalidStatusLine),
        ([(":status", "200"), (":status", "200")], .invalidStatusLine),
        ([(":status", "200"), (":path", "/")], .invalidFieldName),
        ([(":status", "200"), ("Upper", "1")], .invalidFieldName),
        ([(":status", "200"), ("a b", "1")], .invalidFieldName),
        ([(":status", "200"), ("", "1")], .invalidFieldName),
        ([(":status", "200"), ("a", "1\r\nb: 2")], .controlByte),
        ([(":status", "200"), ("a", "1\u{0}")], .controlByte),
        ([(":status", "200"), ("connection", "close")], .invalidConnection),
        ([(":status", "200"), ("keep-alive", "1")], .invalidConnection),
        ([(":status", "200"), ("proxy-connection", "1")], .invalidConnection),
        ([(":status", "200"), ("transfer-encoding", "chunked")], .invalidConnection),
        ([(":status", "200"), ("upgrade", "websocket")], .invalidConnection),
        ([(":status", "200"), ("a", String(repeating: "x", count: 65_536))], .headTooLarge),
        ([(":status", "200")] + (0...128).map { ("a\($0)", "") }, .tooManyFields),
    ]

    @Test("What HTTP/2 forbids in a response is refused", arguments: 0..<refused.count)
    func refusals(index: Int) {
        let (fields, fault) = Self.refused[index]
        #expect(build(fields).fault == fault)
    }

    @Test("Our own request's head in HTTP/2's fields")
    func request() {
        let text = """
            GET /api?x=1 HTTP/1.1\r\nHost: a.test:6443\r\nAccept: */*\r\nConnection: TE\r\nTE: trailers\r
            Transfer-Encoding: chunked\r\nImpersonate-Group: a\r\nImpersonate-Group: b\r\n\r\nbody
            """
        let list = HTTP2FieldList(capacity: 16)
        let length = ByteView.of(Array(text.utf8)) { list.fill(request: $0) }
        #expect(length == text.utf8.count - 4)
        // Four pseudo-header fields, Accept, TE, and the user's groups.
        #expect(list.count == 8 && !list.overflowed)
        for broken in ["GET / HTTP/1.1\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nAccept: x\r\n\r\n"] {
            #expect(ByteView.of(Array(broken.utf8)) { list.fill(request: $0) } == nil)
        }
    }
}
