// SPDX-License-Identifier: Apache-2.0

import Shared

/// What an exchange asks of its client's connection: the head that lies in its buffer, and heads to be written.
extension ClientConnection {
    /// Judges the request's credentials; nil: it has none.
    func authenticate(_ head: RequestHead) -> AuthenticationOutcome? {
        let now = Double(plane.reactor.kernel.wallClock())
        return receive.view { bytes in
            guard let token = BearerToken.find(bytes[head.authorization]) else { return nil }
            return token.span { plane.authenticator.authenticate($0, now: now) }
        }
    }

    /// Writes the request's head as the API server is to see it. False: there is no room for it.
    func writeRequestHead(_ head: RequestHead, identity: Identity, to target: inout Buffer) -> Bool {
        let authorization = plane.upstream.credentials.authorization
        let room = head.headLength + identity.impersonationHeader.count + authorization.count + 512
        guard target.reserve(room) else { return false }
        return receive.view { bytes in
            parseAgainIfNeeded(bytes)
            var block = identity.impersonationHeader
            block.append(contentsOf: authorization)
            block.append(contentsOf: forwardedFields)
            return ByteView.of(plane.upstream.authority) { authority in
                ByteView.of(block) { block in
                    target.write { writer in
                        RequestHeadEditor(authority: authority, block: block, tunnel: false)
                            .write(head, fields: plane.fields, from: bytes, into: &writer)
                    }
                }
            }
        }
    }

    /// The worker's one table of fields may have been used for another head while this one waited.
    private func parseAgainIfNeeded(_ bytes: ByteView) {
        guard let exchange, plane.fieldsOwner != exchange.id else { return }
        var scan = HeadScan()
        _ = RequestHeadParser.parse(bytes, scan: &scan, into: plane.fields, limits: plane.limits)
        plane.fieldsOwner = exchange.id
    }

    /// Rebuilt, never taken from the client (the codec drops what it sent of these).
    private var forwardedFields: [UInt8] {
        Array("X-Forwarded-For: \(peer.host)\r\nX-Forwarded-Proto: \(isTLS ? "https" : "http")\r\n".utf8)
    }

    func consumeHead(_ head: RequestHead) {
        receive.consume(min(head.headLength, receive.count))
    }

    /// Tells the client to send its body.
    func sendContinue() {
        guard send.reserve(64) else { return }
        _ = send.write { writer in
            writer.append("HTTP/1.1 100 Continue\r\n\r\n")
            return true
        }
    }

    func writeInterimHead(_ head: ResponseHead, from source: borrowing Buffer) -> Bool {
        writeHead(head, ResponseHeadEditor(framing: .none, close: false, minorVersion: 1), from: source)
    }

    /// Writes the final response's head. False: there is no room for it.
    func writeResponseHead(
        _ head: ResponseHead, framing: MessageFraming, close: Bool, from source: borrowing Buffer
    ) -> Bool {
        if close || framing == .untilClose { closeAfterResponse() }
        return writeHead(
            head,
            ResponseHeadEditor(framing: framing, close: close, minorVersion: exchange?.head.minorVersion ?? 1),
            from: source)
    }

    private func writeHead(
        _ head: ResponseHead, _ editor: ResponseHeadEditor, from source: borrowing Buffer
    ) -> Bool {
        // With room for what of the body came along, so that both leave in one TLS record.
        let wanted = min(head.headLength + 256 + source.count, BufferPool.Size.medium.rawValue)
        guard send.reserve(max(wanted, head.headLength + 256)) else { return false }
        return source.view { bytes in
            send.write { writer in editor.write(head, fields: plane.fields, from: bytes, into: &writer) }
        }
    }
}
