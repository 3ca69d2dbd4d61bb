// SPDX-License-Identifier: Apache-2.0

/// IP addresses that begin with the same bits, in CIDR notation (RFC 4632, RFC 4291 section 2.3): `10.0.0.0/8`,
/// `fd00::/8`; a lone address is a range of one.
package struct AddressRange: Equatable, Sendable {
    private let family: SocketAddress.Family
    private let high: UInt64
    private let low: UInt64
    private let highMask: UInt64
    private let lowMask: UInt64

    /// nil: it is no such text, or has bits set behind the prefix, which is more likely a mistake than meant.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count <= 2, let address = SocketAddress(host: String(host), port: 0) else {
            return nil
        }
        let bits = address.family == .ipv4 ? 32 : 128
        var length = bits
        if parts.count == 2 {
            // Int alone would take "+8".
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(parts[1]), number <= bits
            else { return nil }
            length = number
        }
        family = address.family
        if family == .ipv4 {
            highMask = 0
            lowMask = length == 0 ? 0 : 0xFFFF_FFFF << UInt64(32 - length) & 0xFFFF_FFFF
        } else {
            highMask = Self.mask(min(64, length))
            lowMask = Self.mask(max(0, length - 64))
        }
        high = address.high
        low = address.low
        guard high & ~highMask == 0, low & ~lowMask == 0 else { return nil }
    }

    private static func mask(_ length: Int) -> UInt64 {
        length == 0 ? 0 : UInt64.max << UInt64(64 - length)
    }

    /// Whether the address is one of them. An IPv4 address that came over an IPv6 socket (`::ffff:10.0.0.1`) counts as
    /// IPv4.
    package func contains(_ address: SocketAddress) -> Bool {
        let isMapped = address.family == .ipv6 && address.high == 0 && address.low >> 32 == 0xFFFF
        if family == .ipv4 {
            guard address.family == .ipv4 || isMapped else { return false }
            return address.low & 0xFFFF_FFFF & lowMask == low
        }
        return address.family == .ipv6 && address.high & highMask == high && address.low & lowMask == low
    }
}
