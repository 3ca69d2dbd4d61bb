// SPDX-License-Identifier: Apache-2.0

/// Copies a parsed response head into the client's buffer and edits it on the way: the fields for one hop go (RFC 9110
/// section 7.6.1), framing and connection are written for the client's side.
struct ResponseHeadEditor {
    /// How the client is shown the body; see `framing(of:minorVersion:)`.
    var framing: MessageFraming
    /// Whether this connection closes after the response.
    var close: Bool
    /// The client's version, 0 or 1.
    var minorVersion: UInt8
    /// What the request is called, for a response that does not say it itself.
    var auditID: AuditID?

    /// How the body of a response is shown to a client: as it came, but chunks need HTTP/1.1, and what ends with the
    /// upstream connection is chunked so that the client's connection need not end too.
    static func framing(of head: ResponseHead, minorVersion: UInt8) -> MessageFraming {
        switch head.framing {
        case .none: .none
        case .length(let length): .length(length)
        case .chunked, .untilClose: minorVersion == 1 ? .chunked : .untilClose
        }
    }

    /// Writes the head, of a final, an interim or a 101 response. False if it did not fit; the writer's contents are then
    /// of no use.
    func write(
        _ head: ResponseHead, fields: FieldTable, from bytes: ByteView, into writer: inout ByteWriter
    ) -> Bool {
        writer.append("HTTP/1.1 ")
        writer.append(decimal: UInt64(head.status))
        writer.append(0x20)
        writer.append(bytes[head.reason])
        writer.append("\r\n")
        var hasAuditID = false
        FieldCopy.copy(fields, from: bytes, into: &writer) { field in
            if field.known == .auditID { hasAuditID = true }
            return passes(field)
        }
        if !hasAuditID { auditID?.writeField(into: &writer) }
        if head.isInterim {
            writer.append("\r\n")
            return !writer.overflowed
        }
        switch framing {
        case .none:
            // What a GET would have got (RFC 9110 section 8.6); in 1xx and 204 it is not allowed.
            if let length = head.contentLength, head.status != 101, head.status != 204 {
                writeLength(length, into: &writer)
            }
        case .length(let length):
            writeLength(length, into: &writer)
        case .chunked:
            writer.append("Transfer-Encoding: chunked\r\n")
        case .untilClose:
            break
        }
        if head.switchesProtocols {
            writer.append("Connection: Upgrade\r\nUpgrade: ")
            writer.append(bytes[head.upgradeValue])
            writer.append("\r\n")
        } else if close || framing == .untilClose {
            writer.append("Connection: close\r\n")
        } else if minorVersion == 0 {
            writer.append("Connection: keep-alive\r\n")
        }
        writer.append("\r\n")
        return !writer.overflowed
    }

    private func writeLength(_ length: UInt64, into writer: inout ByteWriter) {
        writer.append("Content-Length: ")
        writer.append(decimal: length)
        writer.append("\r\n")
    }

    @inline(__always)
    private func passes(_ field: Field) -> Bool {
        Self.passes(field, withTrailers: framing == .chunked)
    }

    /// Whether a field goes on to the client, other than Content-Length, which is written anew.
    @inline(__always)
    static func passes(_ field: Field, withTrailers: Bool) -> Bool {
        switch field.known {
        case .other: !field.nominated
        // It announces trailers, and chunks carry them.
        case .trailer: withTrailers
        case .contentLength: false
        default: !field.known.isHopByHop
        }
    }
}
