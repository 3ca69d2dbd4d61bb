// SPDX-License-Identifier: Apache-2.0

import Shared

/// Writes a response head that comes field by field over HTTP/2 in HTTP/1.1's form, so that the one strict parser judges
/// responses of both protocols by the same rules.
///
/// As with requests (`RequestHeadBuilder`), what could change the meaning of the text is checked again behind nghttp2. A
/// body without Content-Length has no framing here: its end is the stream's. 101 does not exist (RFC 9113 section 8.6).
struct ResponseHeadBuilder {
    private var status = 0
    private var hasLength = false
    private var text: HTTP2HeadText

    init(limits: HeadLimits) {
        text = HTTP2HeadText(limits: limits, pseudoFields: 1)
    }

    /// Why the response is refused.
    var fault: HTTPFault? { text.fault }
    /// The buffer pool had no room for it.
    var lacksMemory: Bool { text.lacksMemory }

    /// Forgets the last head.
    mutating func begin() { self = ResponseHeadBuilder(limits: text.limits) }

    /// A final response follows.
    var isInterim: Bool { status < 200 }

    /// Adds a field, or notes why the response is refused; after that further ones are ignored.
    mutating func add(_ name: ByteView, _ value: ByteView, to head: Buffer) {
        guard text.admit(name, value) else { return }
        do throws(HTTPFault) {
            if name.equals(":status") {
                try begin(value, to: head)
            } else {
                try note(name, value, to: head)
            }
        } catch {
            text.refuse(error)
        }
    }

    private mutating func begin(_ value: ByteView, to head: Buffer) throws(HTTPFault) {
        guard status == 0, value.count == 3 else { throw .invalidStatusLine }
        var number = 0
        for index in 0..<3 {
            guard value[index].isDigit else { throw .invalidStatusLine }
            number = number * 10 + Int(value[index] - 0x30)
        }
        guard number >= 100, number < 600, number != 101 else { throw .invalidStatusLine }
        status = number
        text.write(to: head, room: 16) { writer in
            writer.append("HTTP/1.1 ")
            writer.append(value)
            writer.append(" \r\n")
        }
    }

    private mutating func note(_ name: ByteView, _ value: ByteView, to head: Buffer) throws(HTTPFault) {
        guard status != 0 else { throw .invalidStatusLine }
        try HTTP2HeadText.checkName(name)
        if try HTTP2HeadText.classify(name) == .contentLength, name.equals("content-length") { hasLength = true }
        text.writeField(name, value, to: head)
    }

    /// All fields have come.
    ///
    /// - Parameter isEmpty: nothing follows although a body could: its length is told, so that nobody need wait for it.
    mutating func finish(isEmpty: Bool, to head: Buffer) {
        guard text.isUsable else { return }
        guard status != 0 else { return text.refuse(.invalidStatusLine) }
        let tellsLength = isEmpty && !hasLength && status >= 200 && status != 204 && status != 304
        text.write(to: head, room: 32) { writer in
            if tellsLength { writer.append("content-length: 0\r\n") }
            writer.append("\r\n")
        }
    }
}
