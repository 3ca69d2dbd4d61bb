// SPDX-License-Identifier: Apache-2.0

/// Parses response heads as strictly as request heads.
enum ResponseHeadParser {
    /// Looks at `bytes`, which begin with the head of an answer to a request with `method`.
    ///
    /// Until the answer is `complete`, call again with the same bytes and more, and the same `scan`; afterwards, also after
    /// an interim response, start with a new one. The table holds the head's fields until its next use.
    static func parse(
        _ bytes: ByteView, scan: inout HeadScan, into fields: FieldTable, limits: HeadLimits, to method: HTTPMethod
    ) -> ResponseParse {
        do throws(HTTPFault) {
            guard let end = try scan.advance(bytes, limits: limits) else { return .incomplete }
            // A server has no reason to send an empty line first.
            guard scan.messageStart == 0 else { throw .emptyStartLine }
            return .complete(try read(bytes, to: end, into: fields, limits: limits, method: method))
        } catch {
            return .refused(error)
        }
    }

    private static func read(
        _ bytes: ByteView, to end: Int, into fields: FieldTable, limits: HeadLimits, method: HTTPMethod
    ) throws(HTTPFault) -> ResponseHead {
        fields.removeAll()
        let line = try StatusLine(bytes)
        var facts = MessageFacts()
        var position = line.end
        while position < end &- 2 {
            let field = try FieldLine.read(bytes, from: position, refusingTwins: false)
            guard fields.count < limits.fields, fields.append(field) else { throw .tooManyFields }
            position = Int(field.lineEnd)
            if field.known != .other { try facts.note(field, in: bytes) }
        }
        try facts.finish(fields, in: bytes, minorVersion: line.minorVersion)
        let framing = try framing(of: line.status, to: method, facts: facts)
        return ResponseHead(
            status: line.status, reason: line.reason, minorVersion: line.minorVersion, headLength: end,
            framing: framing, contentLength: facts.contentLength,
            keepAlive: facts.persists(minorVersion: line.minorVersion) && framing != .untilClose
                && line.status != 101,
            upgradeValue: facts.upgradeOption ? facts.upgrade : .empty)
    }

    /// RFC 9112 section 6.3. Also refused are a Transfer-Encoding and a length in 1xx and 204, which section 6.1 and RFC 9110
    /// section 8.6 forbid: a server that sends one may send a body too, which would be read as the next response. (A length
    /// of 0 is forbidden as well, but common and harmless; it is left out.)
    private static func framing(
        of status: UInt16, to method: HTTPMethod, facts: MessageFacts
    ) throws(HTTPFault) -> MessageFraming {
        if status < 200 || status == 204 {
            guard !facts.isChunked else { throw .unexpectedTransferEncoding }
            guard facts.contentLength ?? 0 == 0 else { throw .unexpectedContentLength }
            return .none
        }
        if method == .head || status == 304 { return .none }
        if facts.isChunked { return .chunked }
        if let length = facts.contentLength { return .length(length) }
        return .untilClose
    }
}
