// SPDX-License-Identifier: Apache-2.0

package import CLinux
import Glibc

/// An IPv4, IPv6 or Unix socket's address; its text is `ADDRESS:PORT`, IPv6 in brackets.
package struct SocketAddress: Equatable, Hashable, Sendable, Codable, CustomStringConvertible {
    package enum Family: UInt8, Sendable, Codable {
        case unspecified = 0
        case ipv4 = 4
        case ipv6 = 6
        case unix = 1
    }

    package let family: Family
    package let port: UInt16
    /// The address in network order: 4 bytes used for IPv4, 16 for IPv6.
    package let high: UInt64
    package let low: UInt64
    /// IPv6 zone (interface index).
    package let scope: UInt32

    package init(family: Family, port: UInt16, high: UInt64, low: UInt64, scope: UInt32 = 0) {
        self.family = family
        self.port = port
        self.high = high
        self.low = low
        self.scope = scope
    }

    package static let unspecified = SocketAddress(family: .unspecified, port: 0, high: 0, low: 0)
    package static let unix = SocketAddress(family: .unix, port: 0, high: 0, low: 0)

    /// Reads `ADDRESS:PORT` or `[ADDRESS]:PORT`; numbers only, no look-up.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        // UInt16 alone would take "+80".
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { return nil }
        var host = String(text[..<colon])
        let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if bracketed { host = String(host.dropFirst().dropLast()) }
        guard let address = SocketAddress(host: host, port: port) else { return nil }
        guard bracketed == (address.family == .ipv6) else { return nil }
        self = address
    }

    /// Reads a numeric IPv4 or IPv6 address.
    package init?(host: String, port: UInt16) {
        // A C string would end there.
        guard !host.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if unsafe inet_pton(AF_INET, host, &v4) == 1 {
            self.init(family: .ipv4, port: port, high: 0, low: UInt64(UInt32(bigEndian: v4.s_addr)))
            return
        }
        var v6 = in6_addr()
        guard unsafe inet_pton(AF_INET6, host, &v6) == 1 else { return nil }
        let words = unsafe withUnsafeBytes(of: &v6) { bytes in
            unsafe (
                bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
        self.init(family: .ipv6, port: port, high: UInt64(bigEndian: words.0), low: UInt64(bigEndian: words.1))
    }

    /// From what the kernel filled in.
    package init(_ storage: sockaddr_storage) {
        self = unsafe withUnsafeBytes(of: storage) { bytes in
            let port = unsafe UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
            switch Int32(storage.ss_family) {
            case AF_INET:
                let word = unsafe UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
                return SocketAddress(family: .ipv4, port: port, high: 0, low: UInt64(word))
            case AF_INET6:
                return unsafe SocketAddress(
                    family: .ipv6, port: port,
                    high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                    low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                    scope: bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
            case AF_UNIX:
                return .unix
            default:
                return .unspecified
            }
        }
    }

    /// As the kernel wants it, with its length.
    package var storage: (sockaddr_storage, UInt32) {
        var storage = sockaddr_storage()
        let length: UInt32 = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            switch family {
            case .ipv4:
                unsafe bytes.storeBytes(of: UInt16(AF_INET), toByteOffset: 0, as: UInt16.self)
                unsafe bytes.storeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian, toByteOffset: 4, as: UInt32.self)
                return UInt32(MemoryLayout<sockaddr_in>.size)
            case .ipv6:
                unsafe bytes.storeBytes(of: UInt16(AF_INET6), toByteOffset: 0, as: UInt16.self)
                unsafe bytes.storeBytes(of: high.bigEndian, toByteOffset: 8, as: UInt64.self)
                unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
                unsafe bytes.storeBytes(of: scope, toByteOffset: 24, as: UInt32.self)
                return UInt32(MemoryLayout<sockaddr_in6>.size)
            case .unix, .unspecified:
                return 0
            }
        }
        return (storage, length)
    }

    package var isLoopback: Bool {
        switch family {
        case .ipv4: low >> 24 == 127
        case .ipv6: high == 0 && (low == 1 || (low >> 32 == 0xffff && (low >> 24) & 0xff == 127))
        case .unix: true
        case .unspecified: false
        }
    }

    /// The address without its port, as logs and X-Forwarded-For have it.
    package var host: String {
        switch family {
        case .ipv4:
            return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
        case .ipv6:
            var v6 = in6_addr()
            unsafe withUnsafeMutableBytes(of: &v6) { bytes in
                unsafe bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            var text = [CChar](repeating: 0, count: 64)
            return unsafe text.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress, unsafe inet_ntop(AF_INET6, &v6, base, 64) != nil else {
                    return "?"
                }
                return unsafe String(cString: base)
            }
        case .unix: return "unix"
        case .unspecified: return "unknown"
        }
    }

    package var description: String {
        switch family {
        case .ipv4: "\(host):\(port)"
        case .ipv6: "[\(host)]:\(port)"
        case .unix, .unspecified: host
        }
    }
}
