// SPDX-License-Identifier: Apache-2.0

extension GatewayAnswer {
    /// The room that it may need, in bytes.
    var room: Int {
        switch content {
        case .status: 2_048 + 6 * message.utf8.count
        case .fields(let bytes), .document(let bytes): 512 + bytes.count
        }
    }

    /// Writes the whole response in HTTP/1.1's form. False if it did not fit.
    ///
    /// - Parameter date: seconds since 1970. (What is relayed keeps the API server's `Date`.)
    func write(
        close: Bool, isHead: Bool, minorVersion: UInt8, date: Int64, into writer: inout ByteWriter
    ) -> Bool {
        switch content {
        case .status:
            return ByteView.of(Array(message.utf8)) { message in
                ErrorResponse(
                    body: StatusBody(code: code, reason: reason, message: message, retryAfter: retryAfter),
                    close: close, isHead: isHead, minorVersion: minorVersion, field: field, date: date, auditID: auditID
                ).write(into: &writer)
            }
        case .fields(let lines):
            begin(close: close, minorVersion: minorVersion, date: date, length: 0, into: &writer)
            ByteView.of(lines) { writer.append($0) }
            writer.append("\r\n")
        case .document(let document):
            begin(close: close, minorVersion: minorVersion, date: date, length: document.count, into: &writer)
            writer.append("Content-Type: application/json\r\n\r\n")
            if !isHead { ByteView.of(document) { writer.append($0) } }
        }
        return !writer.overflowed
    }

    private func begin(
        close: Bool, minorVersion: UInt8, date: Int64, length: Int, into writer: inout ByteWriter
    ) {
        writer.append("HTTP/1.1 ")
        writer.append(decimal: UInt64(max(0, code)))
        writer.append(0x20)
        writer.append(ErrorResponse.phrase(code))
        // Whose token it is may change before it expires.
        writer.append("\r\nCache-Control: no-store\r\n")
        HTTPDate(secondsSince1970: date).writeField(into: &writer)
        auditID?.writeField(into: &writer)
        if close {
            writer.append("Connection: close\r\n")
        } else if minorVersion == 0 {
            writer.append("Connection: keep-alive\r\n")
        }
        writer.append("Content-Length: ")
        writer.append(decimal: UInt64(length))
        writer.append("\r\n")
    }
}
