// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// A whole answer, ready to be sent.
struct Response {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: ByteBuffer

    init(status: HTTPResponseStatus = .ok, contentType: String, body: ByteBuffer) {
        self.status = status
        self.headers = ["content-type": contentType]
        self.body = body
    }

    static func text(_ text: String, status: HTTPResponseStatus = .ok) -> Response {
        Response(status: status, contentType: "text/plain; charset=utf-8", body: ByteBuffer(string: text))
    }

    static func json(_ value: JSON, status: HTTPResponseStatus = .ok) -> Response {
        Response(status: status, contentType: "application/json", body: ByteBuffer(string: value.line() + "\n"))
    }
}
