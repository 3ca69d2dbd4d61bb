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
    private var size = 0
    private var count = 0
    private(set) var fault: HTTPFault?
    /// The buffer pool had no room for it.
    private(set) var lacksMemory = false
    private let limits: HeadLimits

    init(limits: HeadLimits) {
        self.limits = limits
    }

    /// Forgets the last head.
    mutating func begin() { self = ResponseHeadBuilder(limits: limits) }

    /// A final response follows.
    var isInterim: Bool { status < 200 }

    /// Adds a field, or notes why the response is refused; after that further ones are ignored.
    mutating func add(_ name: ByteView, _ value: ByteView, to head: Buffer) {
        size += name.count + value.count + 32
        count += 1
        guard fault == nil, !lacksMemory else { return }
        do throws(HTTPFault) {
            guard size <= limits.head else { throw .headTooLarge }
            guard count <= limits.fields + 1 else { throw .tooManyFields }
            guard value.firstControlByteButTab == value.count else { throw .controlByte }
            if name.equals(":status") {
                try begin(value, to: head)
            } else {
                try note(name, value, to: head)
            }
        } catch {
            fault = error
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
        write(to: head, room: 16) { writer in
            writer.append("HTTP/1.1 ")
            writer.append(value)
            writer.append(" \r\n")
        }
    }

    private mutating func note(_ name: ByteView, _ value: ByteView, to head: Buffer) throws(HTTPFault) {
        guard status != 0 else { throw .invalidStatusLine }
        try RequestHeadBuilder.checkName(name)
        switch KnownField.classify(ByteRange(from: 0, to: name.count), in: name) {
        case .connection, .keepAlive, .transferEncoding, .upgrade: throw .invalidConnection
        case .proxy where name.equals("proxy-connection"): throw .invalidConnection
        case .contentLength where name.equals("content-length"): hasLength = true
        default: break
        }
        write(to: head, room: name.count + value.count + 4) { writer in
            writer.append(name)
            writer.append(": ")
            writer.append(value)
            writer.append("\r\n")
        }
    }

    /// All fields have come.
    ///
    /// - Parameter isEmpty: nothing follows although a body could: its length is told, so that nobody need wait for it.
    mutating func finish(isEmpty: Bool, to head: Buffer) {
        guard fault == nil, !lacksMemory else { return }
        guard status != 0 else {
            fault = .invalidStatusLine
            return
        }
        let tellsLength = isEmpty && !hasLength && status >= 200 && status != 204 && status != 304
        write(to: head, room: 32) { writer in
            if tellsLength { writer.append("content-length: 0\r\n") }
            writer.append("\r\n")
        }
    }

    private mutating func write(to head: Buffer, room: Int, _ body: (inout ByteWriter) -> Void) {
        guard head.reserve(room) else {
            lacksMemory = true
            return
        }
        let written = head.write { writer in
            body(&writer)
            return true
        }
        if !written { lacksMemory = true }
    }
}
