// SPDX-License-Identifier: Apache-2.0

/// A whole HTTP/1.1 response with a `StatusBody`: what a client gets when the gateway itself answers.
struct ErrorResponse {
    var body: StatusBody
    /// Whether this connection closes after the response.
    var close: Bool
    /// The request was a HEAD: the same head, no body.
    var isHead = false
    /// The client speaks HTTP/1.0 and must be told if the connection stays.
    var minorVersion: UInt8 = 1
    /// A field's line with its CRLF, beyond those that every answer has.
    var field: StaticString = ""
    /// Seconds since 1970, for `Date`; nil: the answer has none.
    var date: Int64?
    /// What the request is called, if it got as far as to be called something.
    var auditID: AuditID?

    /// Writes head and body. False if they did not fit; the writer's contents are then of no use.
    func write(into writer: inout ByteWriter) -> Bool {
        writer.append("HTTP/1.1 ")
        writer.append(decimal: UInt64(max(0, body.code)))
        writer.append(0x20)
        writer.append(Self.phrase(body.code))
        writer.append("\r\nContent-Type: application/json\r\nCache-Control: no-cache, private\r\n")
        if body.code == 401 { writer.append("WWW-Authenticate: Bearer realm=\"kubernetes\"\r\n") }
        if body.retryAfter > 0 {
            writer.append("Retry-After: ")
            writer.append(decimal: UInt64(body.retryAfter))
            writer.append("\r\n")
        }
        writer.append(field)
        if let date { HTTPDate(secondsSince1970: date).writeField(into: &writer) }
        auditID?.writeField(into: &writer)
        if close {
            writer.append("Connection: close\r\n")
        } else if minorVersion == 0 {
            writer.append("Connection: keep-alive\r\n")
        }
        writer.append("X-Content-Type-Options: nosniff\r\nContent-Length: ")
        writer.append(decimal: UInt64(ByteWriter.measure { counter in body.write(into: &counter) }))
        writer.append("\r\n\r\n")
        if !isHead { body.write(into: &writer) }
        return !writer.overflowed
    }

    /// The reason phrase of a status (RFC 9110 section 15, RFC 6585).
    static func phrase(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }
}
