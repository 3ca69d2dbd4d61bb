// SPDX-License-Identifier: Apache-2.0

import Shared

/// The text of a head in HTTP/1.1's form, which both builders write field by field: what holds for any head, whichever
/// way it goes.
struct HTTP2HeadText {
    let limits: HeadLimits
    /// Fields that make up the first line, and do not count as any.
    private let pseudoFields: Int
    /// The block's fields so far as RFC 9113 section 6.5.2 counts them: 32 bytes more for each.
    private var size = 0
    private var count = 0
    private(set) var fault: HTTPFault?
    /// The buffer pool had no room for it.
    private(set) var lacksMemory = false

    init(limits: HeadLimits, pseudoFields: Int) {
        self.limits = limits
        self.pseudoFields = pseudoFields
    }

    /// Nothing has gone wrong so far.
    var isUsable: Bool { fault == nil && !lacksMemory }

    mutating func refuse(_ fault: HTTPFault) { self.fault = fault }

    /// Counts a field. False: it is not to be looked at, because something has gone wrong before or with it.
    mutating func admit(_ name: ByteView, _ value: ByteView) -> Bool {
        size += name.count + value.count + 32
        count += 1
        guard isUsable else { return false }
        if size > limits.head {
            fault = .headTooLarge
        } else if count > limits.fields + pseudoFields {
            fault = .tooManyFields
        } else if value.firstControlByteButTab != value.count {
            fault = .controlByte
        }
        return fault == nil
    }

    /// What a field is. One that belongs to a connection is refused (RFC 9113 section 8.2.2).
    static func classify(_ name: ByteView) throws(HTTPFault) -> KnownField {
        let field = KnownField.classify(ByteRange(from: 0, to: name.count), in: name)
        switch field {
        case .connection, .keepAlive, .transferEncoding, .upgrade: throw .invalidConnection
        case .proxy where name.equals("proxy-connection"): throw .invalidConnection
        default: return field
        }
    }

    /// A lower-case token (RFC 9113 section 8.2.1).
    static func checkName(_ name: ByteView) throws(HTTPFault) {
        guard !name.isEmpty else { throw .invalidFieldName }
        for index in 0..<name.count {
            let byte = name[index]
            guard ByteClass.token.contains(byte), byte == byte.lowercased else { throw .invalidFieldName }
        }
    }

    mutating func writeField(_ name: ByteView, _ value: ByteView, to head: Buffer) {
        write(to: head, room: name.count + value.count + 4) { writer in
            writer.append(name)
            writer.append(": ")
            writer.append(value)
            writer.append("\r\n")
        }
    }

    mutating func write(to head: Buffer, room: Int, _ body: (inout ByteWriter) -> Void) {
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
