// SPDX-License-Identifier: Apache-2.0

/// A range of IP addresses, such as `10.0.0.0/8` or `2001:db8::/32`, or a single one. An IPv4 address in IPv6's clothes
/// (`::ffff:10.0.0.1`, as a socket on `[::]` shows it) is the IPv4 address.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    private let first: SocketAddress
    private let bits: Int

    /// nil: it is none, or has bits behind its prefix.
    package init?(_ text: String) {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = SocketAddress(host: String(halves[0]), port: 0)?.unmapped else { return nil }
        let most = address.family == .ipv4 ? 32 : 128
        var bits = most
        if halves.count == 2 {
            // Int alone would take "+8".
            guard halves[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(halves[1]), number <= most
            else { return nil }
            bits = number
        }
        first = address
        self.bits = bits
        guard Self.prefix(of: address, bits) == address else { return nil }
    }

    package func contains(_ address: SocketAddress) -> Bool {
        let address = address.unmapped
        return address.family == first.family && Self.prefix(of: address, bits) == first
    }

    /// The address with all but its first bits zero.
    package static func prefix(of address: SocketAddress, _ bits: Int) -> SocketAddress {
        switch address.family {
        case .ipv4:
            return SocketAddress(family: .ipv4, port: 0, high: 0, low: address.low & mask(bits + 32) & 0xffff_ffff)
        case .ipv6:
            return SocketAddress(
                family: .ipv6, port: 0, high: address.high & mask(bits), low: address.low & mask(bits - 64))
        case .unix, .unspecified: return address
        }
    }

    /// A word of which so many bits, from the top, are set.
    private static func mask(_ bits: Int) -> UInt64 {
        bits <= 0 ? 0 : bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
    }

    package var description: String { "\(first.host)/\(bits)" }
}
