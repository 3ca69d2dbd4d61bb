// SPDX-License-Identifier: Apache-2.0

import Shared

/// The header of the PROXY protocol, version 2, by which a proxy tells whom it speaks for
/// (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, section 2.2). Pure.
///
/// Strict: signature, version, command and family must be among those that a stream proxy sends, the additional values
/// (TLVs) must fill the rest exactly, and a checksum that is there must be right.
enum ProxyHeader {
    enum Fault: String, Error, Equatable, Sendable {
        case noSignature = "no PROXY header of version 2"
        case unknownVersion = "unknown version or command"
        case unknownFamily = "unknown address family or protocol"
        case tooLong = "too long"
        case tooShort = "too short for its addresses"
        case brokenValues = "broken additional values"
        case wrongChecksum = "wrong checksum"
    }

    /// Signature, version and command, family and protocol, length of the rest.
    static let fixedLength = 16
    /// Behind the fixed part at most. The addresses take up to 216 bytes; what proxies add is a few hundred.
    static let longestRest = 4_096

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let checksumType: UInt8 = 0x03

    /// How many bytes follow the fixed part.
    static func restLength(_ fixed: [UInt8]) throws(Fault) -> Int {
        guard fixed.count >= fixedLength, fixed.starts(with: signature) else { throw .noSignature }
        guard fixed[12] == 0x20 || fixed[12] == 0x21 else { throw .unknownVersion }
        let length = Int(fixed[14]) << 8 | Int(fixed[15])
        guard length <= longestRest else { throw .tooLong }
        return length
    }

    /// Whom the proxy speaks for; nil: for nobody but itself (LOCAL, as for its health checks), or for somebody without
    /// an IP address.
    static func source(_ header: [UInt8]) throws(Fault) -> SocketAddress? {
        guard try restLength(header) == header.count - fixedLength else { throw .tooShort }
        let isLocal = header[12] == 0x20
        let addresses: Int
        switch header[13] {
        case 0x00: addresses = 0
        case 0x11: addresses = 12
        case 0x21: addresses = 36
        case 0x31: addresses = 216
        // Of a LOCAL connection the receiver must take no notice of these (section 2.2).
        default:
            guard isLocal else { throw .unknownFamily }
            return nil
        }
        let values = fixedLength + addresses
        guard header.count >= values else {
            guard isLocal else { throw .tooShort }
            return nil
        }
        // UNSPEC has addresses of any length, and what follows it cannot be told from them.
        if header[13] != 0x00 { try checkValues(header, from: values) }
        if isLocal { return nil }
        switch header[13] {
        case 0x11:
            return SocketAddress(
                family: .ipv4, port: UInt16(number(header, 24, 2)), high: 0, low: number(header, fixedLength, 4))
        case 0x21:
            return SocketAddress(
                family: .ipv6, port: UInt16(number(header, 48, 2)), high: number(header, fixedLength, 8),
                low: number(header, fixedLength + 8, 8))
        default: return nil
        }
    }

    private static func checkValues(_ header: [UInt8], from start: Int) throws(Fault) {
        var position = start
        while position < header.count {
            guard header.count - position >= 3 else { throw .brokenValues }
            let value = position + 3
            let length = Int(number(header, position + 1, 2))
            guard length <= header.count - value else { throw .brokenValues }
            if header[position] == checksumType {
                guard length == 4 else { throw .brokenValues }
                var zeroed = header
                for index in value..<value + 4 { zeroed[index] = 0 }
                guard UInt64(CRC32C.checksum(zeroed)) == number(header, value, 4) else { throw .wrongChecksum }
            }
            position = value + length
        }
    }

    /// A number of so many bytes, in network order.
    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> UInt64 {
        bytes[start..<start + count].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
