// SPDX-License-Identifier: Apache-2.0

/// Parses request heads strictly (RFC 9112; the rules that go beyond it stand with the types that check them).
enum RequestHeadParser {
    /// Looks at `bytes`, which begin with the head, and tells whether it is all there and what it says.
    ///
    /// Until the answer is `complete`, call again with the same bytes and more, and the same `scan`; afterwards start with a
    /// new one. The table holds the head's fields until its next use.
    static func parse(
        _ bytes: ByteView, scan: inout HeadScan, into fields: FieldTable, limits: HeadLimits
    ) -> RequestParse {
        do throws(HTTPFault) {
            guard let end = try scan.advance(bytes, limits: limits) else { return .incomplete }
            return .complete(try read(bytes, from: Int(scan.messageStart), to: end, into: fields, limits: limits))
        } catch {
            return .refused(error)
        }
    }

    private static func read(
        _ bytes: ByteView, from start: Int, to end: Int, into fields: FieldTable, limits: HeadLimits
    ) throws(HTTPFault) -> RequestHead {
        fields.removeAll()
        let line = try RequestLine(bytes, from: start)
        let target = try RequestTarget(line.target, of: line.method, in: bytes)

        var facts = MessageFacts()
        var request = RequestFacts()
        var position = line.end
        while position < end &- 2 {
            let field = try FieldLine.read(bytes, from: position, refusingTwins: true)
            guard fields.count < limits.fields, fields.append(field) else { throw .tooManyFields }
            position = Int(field.lineEnd)
            guard field.known != .other else { continue }
            try facts.note(field, in: bytes)
            try request.note(field, in: bytes)
        }
        try facts.finish(fields, in: bytes, minorVersion: line.minorVersion)

        guard let host = request.host else { throw .missingHost }
        if target.isAbsolute {
            guard bytes.equal(target.authority, host) else { throw .targetHostMismatch }
        }
        let framing: MessageFraming =
            if facts.isChunked { .chunked } else if let length = facts.contentLength { .length(length) } else { .none }
        let upgrades = facts.upgradeOption && !facts.upgrade.isEmpty && line.minorVersion == 1
        return RequestHead(
            method: line.method, methodName: line.methodName, target: line.target, path: target.path,
            query: target.query, hasQuery: target.hasQuery, isAsterisk: target.isAsterisk,
            minorVersion: line.minorVersion, headLength: end, framing: framing,
            keepAlive: facts.persists(minorVersion: line.minorVersion),
            expectsContinue: request.expectsContinue && line.minorVersion == 1,
            upgrade: upgrades ? UpgradeProtocol(facts.upgrade, in: bytes) : nil, upgradeValue: facts.upgrade,
            host: host, authorization: request.authorization ?? .empty, hasImpersonation: request.hasImpersonation,
            acceptsTrailers: request.acceptsTrailers, hasWebSocketProtocols: request.hasWebSocketProtocols,
            auditID: request.auditID ?? .empty, isForwarded: request.isForwarded)
    }
}

extension UpgradeProtocol {
    /// The protocol that a value of `Upgrade` names.
    init(_ value: ByteRange, in bytes: ByteView) {
        if bytes.equals(value, ignoringCase: "websocket") {
            self = .webSocket
        } else if bytes.equals(value, ignoringCase: "spdy/3.1") {
            self = .spdy
        } else {
            self = .other
        }
    }
}
