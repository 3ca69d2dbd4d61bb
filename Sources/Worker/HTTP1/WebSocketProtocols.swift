// SPDX-License-Identifier: Apache-2.0

/// The subprotocols that a WebSocket client offers, and the bearer token that may be hidden among them: browsers cannot
/// set `Authorization` (`k8s.io/apiserver/pkg/authentication/request/websocket/protocol.go`).
///
/// The field may be repeated, which means the same as one list (RFC 6455 section 11.3.4).
enum WebSocketProtocols {
    /// What is found of a token.
    enum Token: Equatable {
        case none
        /// Still in base64url.
        case encoded(ByteRange)
        /// Several tokens, or no other subprotocol beside it that could be agreed on.
        case invalid
    }

    private static let prefix: StaticString = "base64url.bearer.authorization.k8s.io."

    /// Looks for a token in the `Sec-WebSocket-Protocol` fields of a request.
    static func token(in fields: FieldTable, of bytes: ByteView) -> Token {
        var found: ByteRange?
        var hasOthers = false
        var isRepeated = false
        forEach(in: fields, of: bytes) { element in
            guard isToken(element, in: bytes) else {
                hasOthers = true
                return
            }
            if found != nil { isRepeated = true }
            found = ByteRange(
                from: element.lowerBound &+ prefix.utf8CodeUnitCount, to: element.upperBound)
        }
        guard let found else { return .none }
        guard !isRepeated else { return .invalid }
        // As in kube-apiserver, an empty token is none; it is not forwarded either.
        if found.isEmpty { return .none }
        return hasOthers ? .encoded(found) : .invalid
    }

    /// The token itself; nil: it is not base64url, or holds what `Authorization: Bearer` could not have brought. It may
    /// go into a field of its own, which control characters would end.
    static func decode(_ encoded: ByteRange, in bytes: ByteView) -> [UInt8]? {
        guard let token = bytes[encoded].span({ Base64URL.decode($0, 0..<$0.count) }),
            token.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return token
    }

    /// Whether one of the subprotocols is a token, even a broken one.
    static func holdToken(_ fields: FieldTable, of bytes: ByteView) -> Bool {
        var holds = false
        forEach(in: fields, of: bytes) { element in
            if isToken(element, in: bytes) { holds = true }
        }
        return holds
    }

    /// Writes all subprotocols but tokens as one field; none, if there are no others. Never longer than they came.
    static func writeWithoutTokens(_ fields: FieldTable, of bytes: ByteView, into writer: inout ByteWriter) {
        var isFirst = true
        forEach(in: fields, of: bytes) { element in
            guard !isToken(element, in: bytes) else { return }
            writer.append(isFirst ? "Sec-WebSocket-Protocol: " : ",")
            writer.append(bytes[element])
            isFirst = false
        }
        if !isFirst { writer.append("\r\n") }
    }

    private static func isToken(_ element: ByteRange, in bytes: ByteView) -> Bool {
        bytes.hasPrefix(element, ignoringCase: prefix)
    }

    private static func forEach(in fields: FieldTable, of bytes: ByteView, _ body: (ByteRange) -> Void) {
        for index in 0..<fields.count where fields[index].known == .webSocketProtocol {
            var elements = ListElements(fields[index].value, in: bytes)
            while let element = elements.next() { body(element) }
        }
    }
}
