// SPDX-License-Identifier: Apache-2.0

import Shared

/// Copies a parsed request head into the upstream's buffer and edits it on the way.
///
/// Left out are the fields for one hop (RFC 9110 section 7.6.1: Connection and those it names, Keep-Alive, TE,
/// Transfer-Encoding, Upgrade, `Proxy-…`, HTTP2-Settings), Host and Content-Length, which are written anew, and everything
/// by which a client could say who it is: Authorization, a token among the subprotocols of a WebSocket, `Impersonate-…`,
/// `X-Remote-…`, Forwarded, `X-Forwarded-…`, `X-Real-IP` and Audit-Id. Whatever of that the upstream is to see stands in
/// `block` or is written by `extras`. All other fields pass byte for byte and in their order.
struct RequestHeadEditor {
    /// What the upstream calls itself: the new Host. If it is empty, the client's is kept.
    var authority: ByteView
    /// Complete field lines (each with CRLF) to add: the impersonation.
    var block: ByteView
    /// Whether the request's upgrade is asked for upstream as well.
    var tunnel: Bool

    /// Writes the head. False if it did not fit; the writer's contents are then of no use.
    ///
    /// - Parameter extras: writes further complete field lines: the gateway's credential, `X-Forwarded-…`, Audit-Id.
    func write(
        _ head: RequestHead, fields: FieldTable, from bytes: ByteView, into writer: inout ByteWriter,
        extras: (inout ByteWriter) -> Void = { _ in }
    ) -> Bool {
        writer.append(bytes[head.methodName])
        writer.append(0x20)
        writeTarget(head, from: bytes, into: &writer)
        writer.append(" HTTP/1.1\r\nHost: ")
        writer.append(authority.isEmpty ? bytes[head.host] : authority)
        writer.append("\r\n")
        let hidesToken = head.hasWebSocketProtocols && WebSocketProtocols.holdToken(fields, of: bytes)
        FieldCopy.copy(fields, from: bytes, into: &writer) { field in
            field.known == .webSocketProtocol ? !hidesToken : Self.passes(field, of: head)
        }
        if hidesToken { WebSocketProtocols.writeWithoutTokens(fields, of: bytes, into: &writer) }
        if tunnel, head.upgrade != nil {
            writer.append("Connection: Upgrade\r\nUpgrade: ")
            writer.append(bytes[head.upgradeValue])
            writer.append("\r\n")
        } else if head.acceptsTrailers {
            writer.append("Connection: TE\r\nTE: trailers\r\n")
        }
        switch head.framing {
        case .none, .untilClose:
            break
        case .length(let length):
            writer.append("Content-Length: ")
            writer.append(decimal: length)
            writer.append("\r\n")
        case .chunked:
            writer.append("Transfer-Encoding: chunked\r\n")
        }
        writer.append(block)
        extras(&writer)
        writer.append("\r\n")
        return !writer.overflowed
    }

    /// The origin-form of the target, or `*`.
    private func writeTarget(_ head: RequestHead, from bytes: ByteView, into writer: inout ByteWriter) {
        if head.isAsterisk || (head.path.isEmpty && !head.hasQuery && head.method == .options) {
            writer.append("*")
            return
        }
        if head.path.isEmpty { writer.append("/") }
        writer.append(bytes[head.path])
        guard head.hasQuery else { return }
        writer.append("?")
        writer.append(bytes[head.query])
    }

    /// Whether a field of the client's goes on to the upstream.
    @inline(__always)
    private static func passes(_ field: Field, of head: RequestHead) -> Bool {
        switch field.known {
        case .remote, .proxy, .forwarded: DeliberateFault.isOn(.foreignFieldsPass)
        case .other: !field.nominated
        case .contentType, .webSocketProtocol: true
        // It announces trailers, and chunks carry them.
        case .trailer: head.framing == .chunked
        // Whether the body is wanted is the API server's to say (RFC 9110 section 10.1.1).
        case .expect: head.expectsContinue && !head.framing.isEmpty
        case .host, .connection, .contentLength, .transferEncoding, .te, .upgrade, .authorization,
            .keepAlive, .http2Settings, .impersonate, .auditID:
            false
        }
    }
}
