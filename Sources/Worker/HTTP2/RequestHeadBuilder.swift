// SPDX-License-Identifier: Apache-2.0

import Shared

/// Writes a request head that comes field by field over HTTP/2 in HTTP/1.1's form, so that the one strict parser judges
/// requests of both protocols by the same rules.
///
/// nghttp2 has applied RFC 9113 section 8 to each field before. What could change the meaning of the text written here
/// is checked again all the same, since everything behind it trusts the text: names are lower-case tokens, values have
/// no control character but HTAB, connection-specific fields are refused, `:path` is in origin-form or `*`, and
/// `:authority` and `host`, if both are there, are the same. One connection has one: header blocks do not interleave.
struct RequestHeadBuilder {
    private var method: [UInt8] = []
    private var path: [UInt8] = []
    private var authority: [UInt8] = []
    private var cookie: [UInt8] = []
    private var hasHost = false
    private var hasLength = false
    private var lineWritten = false
    private var text: HTTP2HeadText
    private static let keptBytes = 512

    init(limits: HeadLimits) {
        text = Self.emptyText(limits)
    }

    /// Four pseudo-header fields make up the request line and Host.
    private static func emptyText(_ limits: HeadLimits) -> HTTP2HeadText { .init(limits: limits, pseudoFields: 4) }

    /// Why the request is refused.
    var fault: HTTPFault? { text.fault }
    /// The buffer pool had no room for it.
    var lacksMemory: Bool { text.lacksMemory }

    /// Forgets the last head.
    mutating func begin() {
        // An idle connection keeps no more than what a typical request needs again.
        if path.capacity + cookie.capacity + authority.capacity > Self.keptBytes {
            self = RequestHeadBuilder(limits: text.limits)
            return
        }
        method.removeAll(keepingCapacity: true)
        path.removeAll(keepingCapacity: true)
        authority.removeAll(keepingCapacity: true)
        cookie.removeAll(keepingCapacity: true)
        hasHost = false
        hasLength = false
        lineWritten = false
        text = Self.emptyText(text.limits)
    }

    /// The answer must not have a body.
    var isHead: Bool { method == [0x48, 0x45, 0x41, 0x44] }

    /// Adds a field, or notes why the request is refused; after that further ones are only counted.
    mutating func add(_ name: ByteView, _ value: ByteView, to head: Buffer) {
        guard text.admit(name, value) else { return }
        do throws(HTTPFault) {
            if !name.isEmpty, name[0] == UInt8(ascii: ":") {
                try notePseudo(name, value)
            } else {
                try note(name, value, to: head)
            }
        } catch {
            text.refuse(error)
        }
    }

    private mutating func notePseudo(_ name: ByteView, _ value: ByteView) throws(HTTPFault) {
        guard !lineWritten else { throw .invalidRequestLine }
        if name.equals(":method") {
            guard method.isEmpty, !value.isEmpty else { throw .invalidMethod }
            value.append(to: &method)
        } else if name.equals(":path") {
            guard path.isEmpty, !value.isEmpty else { throw .invalidTarget }
            guard value[0] == UInt8(ascii: "/") || value.equals("*") else { throw .invalidTarget }
            value.append(to: &path)
        } else if name.equals(":authority") {
            guard authority.isEmpty else { throw .repeatedField }
            value.append(to: &authority)
        } else if name.equals(":scheme") {
            guard value.equals("https") || value.equals("http") else { throw .invalidTarget }
        } else if name.equals(":protocol") {
            throw .extendedConnect
        } else {
            throw .invalidFieldName
        }
    }

    private mutating func note(_ name: ByteView, _ value: ByteView, to head: Buffer) throws(HTTPFault) {
        try HTTP2HeadText.checkName(name)
        try writeLine(to: head)
        switch try HTTP2HeadText.classify(name) {
        case .te where !value.equals("trailers"): throw .invalidConnection
        case .host where name.equals("host"):
            if !authority.isEmpty {
                let same = ByteView.of(authority) { own in own.equalsIgnoringCase(value) }
                guard same, !hasHost else { throw .targetHostMismatch }
                hasHost = true
                return
            }
        case .contentLength: hasLength = true
        case .other where name.equals("cookie"):
            // RFC 9113 section 8.2.3: crumbs, which HTTP/1 knows only as one field.
            if !cookie.isEmpty { cookie += [UInt8(ascii: ";"), 0x20] }
            value.append(to: &cookie)
            return
        default: break
        }
        text.writeField(name, value, to: head)
    }

    /// The request line and Host, once all pseudo-header fields have come.
    private mutating func writeLine(to head: Buffer) throws(HTTPFault) {
        guard !lineWritten else { return }
        lineWritten = true
        guard !method.isEmpty else { throw .invalidMethod }
        guard method != Array("CONNECT".utf8) else { throw .unsupportedMethod }
        guard !path.isEmpty else { throw .invalidTarget }
        guard path.count <= text.limits.startLine else { throw .startLineTooLong }
        let (method, path, authority) = (method, path, authority)
        text.write(to: head, room: method.count + path.count + authority.count + 32) { writer in
            ByteView.of(method) { writer.append($0) }
            writer.append(0x20)
            ByteView.of(path) { writer.append($0) }
            writer.append(" HTTP/1.1\r\n")
            guard !authority.isEmpty else { return }
            writer.append("host: ")
            ByteView.of(authority) { writer.append($0) }
            writer.append("\r\n")
        }
    }

    /// All fields have come. `endsStream`: no body follows.
    mutating func finish(endsStream: Bool, to head: Buffer) {
        guard text.isUsable else { return }
        do throws(HTTPFault) {
            try writeLine(to: head)
        } catch {
            return text.refuse(error)
        }
        let cookie = cookie
        let chunked = !endsStream && !hasLength
        text.write(to: head, room: cookie.count + 48) { writer in
            if !cookie.isEmpty {
                writer.append("cookie: ")
                ByteView.of(cookie) { writer.append($0) }
                writer.append("\r\n")
            }
            if chunked { writer.append("transfer-encoding: chunked\r\n") }
            writer.append("\r\n")
        }
    }
}

extension ByteView {
    /// The first control byte other than HTAB; `count` if there is none.
    var firstControlByteButTab: Int {
        var index = 0
        while true {
            index = firstControlByte(from: index)
            guard index < count, self[index] == 0x09 else { return index }
            index &+= 1
        }
    }

    func equalsIgnoringCase(_ other: ByteView) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index].lowercased != other[index].lowercased { return false }
        return true
    }
}
