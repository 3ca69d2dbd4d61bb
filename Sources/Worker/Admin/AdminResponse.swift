// SPDX-License-Identifier: Apache-2.0

/// An answer of the admin listener, whole, on a connection that closes behind it.
struct AdminResponse: Equatable {
    static let plainText = "text/plain; charset=utf-8"

    var status: Int
    var contentType = plainText
    /// A field's line without its CRLF, beyond those that every answer has.
    var field: String?
    var body: String
    /// The request was a HEAD: the same head, no body.
    var isHead = false

    init(status: Int = 200, text: String) {
        self.status = status
        body = text
    }

    private var phrase: String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 414: "URI Too Long"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }

    /// As it goes out, at that many seconds since 1970.
    func bytes(date: Int64) -> [UInt8] {
        let body = Array(self.body.utf8)
        var head = "HTTP/1.1 \(status) \(phrase)\r\nContent-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
        head += "Cache-Control: no-cache, private\r\nX-Content-Type-Options: nosniff\r\n"
        let moment = ByteWriter.collect(64) { HTTPDate(secondsSince1970: date).writeField(into: &$0) }
        head += String(decoding: moment, as: UTF8.self)
        if let field { head += "\(field)\r\n" }
        head += "Connection: close\r\n\r\n"
        return Array(head.utf8) + (isHead ? [] : body)
    }
}
