// SPDX-License-Identifier: Apache-2.0

/// What the fields of a request or a response say about framing and about the connection.
struct MessageFacts {
    private(set) var contentLength: UInt64?
    private(set) var isChunked = false
    /// `Connection: close`.
    private(set) var close = false
    /// `Connection: keep-alive`.
    private(set) var keepAlive = false
    /// `Connection: upgrade`.
    private(set) var upgradeOption = false
    /// The value of `Upgrade`.
    private(set) var upgrade = ByteRange.empty
    private(set) var hasTrailer = false
    private var hasNominations = false
    private var options = 0

    /// Above this many `Connection` options a head is refused: each is looked up among all fields.
    private static let maximumOptions = 32

    /// Takes in one field.
    @inline(__always)
    mutating func note(_ field: Field, in bytes: ByteView) throws(HTTPFault) {
        switch field.known {
        case .contentLength:
            guard contentLength == nil else { throw .repeatedField }
            contentLength = try Self.length(field.value, in: bytes)
        case .transferEncoding:
            guard !isChunked else { throw .repeatedField }
            guard bytes.equals(field.value, ignoringCase: "chunked") else { throw .invalidTransferEncoding }
            isChunked = true
        case .connection:
            try noteConnection(field.value, in: bytes)
        case .upgrade:
            guard upgrade.isEmpty else { throw .repeatedField }
            upgrade = field.value
        case .trailer:
            hasTrailer = true
        default:
            break
        }
    }

    /// Takes in all fields once each has been noted: the two kinds of framing exclude each other (RFC 9112 section 6.3), and
    /// chunked does not exist in HTTP/1.0 (section 6.1).
    @inline(__always)
    func finish(_ fields: FieldTable, in bytes: ByteView, minorVersion: UInt8) throws(HTTPFault) {
        if isChunked {
            guard contentLength == nil else { throw .lengthAndTransferEncoding }
            guard minorVersion == 1 else { throw .invalidTransferEncoding }
        }
        if hasNominations { nominate(fields, in: bytes) }
    }

    /// Whether the connection persists after this message (RFC 9112 section 9.3).
    func persists(minorVersion: UInt8) -> Bool {
        minorVersion == 1 ? !close : keepAlive && !close
    }

    /// `1*DIGIT` that fits in 63 bits: no sign, no list, no blank inside.
    private static func length(_ value: ByteRange, in bytes: ByteView) throws(HTTPFault) -> UInt64 {
        guard !value.isEmpty else { throw .invalidContentLength }
        var length: UInt64 = 0
        for index in value.lowerBound..<value.upperBound {
            let byte = bytes[index]
            guard byte.isDigit, length <= (UInt64(Int64.max) &- 9) / 10 else { throw .invalidContentLength }
            length = length &* 10 &+ UInt64(byte &- 0x30)
        }
        return length
    }

    private mutating func noteConnection(_ value: ByteRange, in bytes: ByteView) throws(HTTPFault) {
        var elements = ListElements(value, in: bytes)
        while let option = elements.next() {
            options &+= 1
            guard options <= Self.maximumOptions else { throw .invalidConnection }
            for index in option.lowerBound..<option.upperBound where !ByteClass.token.contains(bytes[index]) {
                throw .invalidConnection
            }
            if bytes.equals(option, ignoringCase: "close") {
                close = true
            } else if bytes.equals(option, ignoringCase: "keep-alive") {
                keepAlive = true
            } else if bytes.equals(option, ignoringCase: "upgrade") {
                upgradeOption = true
            } else {
                let known = KnownField.classify(option, in: bytes)
                guard known.mayBeNominated else { throw .protectedFieldNominated }
                if known == .other { hasNominations = true }
            }
        }
    }

    /// Marks the fields that `Connection` names, so that they are not forwarded.
    private func nominate(_ fields: FieldTable, in bytes: ByteView) {
        for index in 0..<fields.count where fields[index].known == .connection {
            var elements = ListElements(fields[index].value, in: bytes)
            while let option = elements.next() { fields.nominate(option, in: bytes) }
        }
    }
}
