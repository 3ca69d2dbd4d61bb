// SPDX-License-Identifier: Apache-2.0

/// What one request is called in our log, at the API server (`Audit-Id`) and towards the client, so that the three can be
/// put together (`k8s.io/apiserver/pkg/endpoints/filters/audit_init.go`).
///
/// The client's own is kept if it is one that the API server's logs would show whole; otherwise it gets a random UUID.
struct AuditID: Equatable, Sendable {
    /// The UUID's halves (RFC 9562 version 4).
    private let high: UInt64
    private let low: UInt64
    /// The client's own; nil: the UUID.
    private let given: [UInt8]?

    /// kube-apiserver cuts longer ones in its logs (`GetAuditIDTruncated`).
    static let longest = 64
    /// What one takes as text, at most.
    private static let uuidLength = 36

    /// From 128 random bits, of which six give way to the version.
    init(random high: UInt64, _ low: UInt64) {
        self.high = high & ~0xF000 | 0x4000
        self.low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        given = nil
    }

    /// The client's value; nil if it has other characters than letters, digits and `-` (the rule of apiserver's
    /// `WithValidatingAuditInit`), or too many.
    init?(_ value: ByteView) {
        guard !value.isEmpty, value.count <= Self.longest else { return nil }
        var bytes: [UInt8] = []
        for index in 0..<value.count {
            let byte = value[index]
            guard byte.isDigit || byte.lowercased &- 0x61 < 26 || byte == UInt8(ascii: "-") else { return nil }
            bytes.append(byte)
        }
        high = 0
        low = 0
        given = bytes
    }

    /// Writes it as it stands in fields and logs.
    @inline(__always)
    func write(into writer: inout ByteWriter) {
        if let given {
            ByteView.of(given) { writer.append($0) }
            return
        }
        let middle = Self.hex(UInt32(truncatingIfNeeded: high))
        let variant = Self.hex(UInt32(truncatingIfNeeded: low >> 32))
        writer.append(word: Self.hex(UInt32(truncatingIfNeeded: high >> 32)))
        writer.append(0x2D)
        writer.append(halfWord: UInt32(truncatingIfNeeded: middle >> 32))
        writer.append(0x2D)
        writer.append(halfWord: UInt32(truncatingIfNeeded: middle))
        writer.append(0x2D)
        writer.append(halfWord: UInt32(truncatingIfNeeded: variant >> 32))
        writer.append(0x2D)
        writer.append(halfWord: UInt32(truncatingIfNeeded: variant))
        writer.append(word: Self.hex(UInt32(truncatingIfNeeded: low)))
    }

    /// Writes `Audit-Id: …` with its CRLF.
    @inline(__always)
    func writeField(into writer: inout ByteWriter) {
        writer.append("Audit-Id: ")
        write(into: &writer)
        writer.append("\r\n")
    }

    /// As text. Not for the hot path.
    var bytes: [UInt8] {
        given ?? ByteWriter.collect(Self.uuidLength) { write(into: &$0) }
    }

    /// The eight hexadecimal digits of a value, the first in the highest byte: all at once, without a table.
    @inline(__always)
    private static func hex(_ value: UInt32) -> UInt64 {
        var spread = UInt64(value)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0F
        // One in each byte that is above nine, and so a letter.
        let letters = (spread &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return spread &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }
}
