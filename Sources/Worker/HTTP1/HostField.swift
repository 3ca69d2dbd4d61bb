// SPDX-License-Identifier: Apache-2.0

/// Checks `uri-host [ ":" port ]` (RFC 9110 section 7.2).
enum HostField {
    /// A registered name, an IPv4 address or a bracketed IPv6 address, not empty, and a port of at most five digits.
    static func isValid(_ value: ByteRange, in bytes: ByteView) -> Bool {
        guard !value.isEmpty else { return false }
        let end = value.upperBound
        var index = value.lowerBound
        if bytes[index] == UInt8(ascii: "[") {
            index &+= 1
            let start = index
            while index < end, ByteClass.ipv6.contains(bytes[index]) { index &+= 1 }
            guard index > start, index < end, bytes[index] == UInt8(ascii: "]") else { return false }
            index &+= 1
        } else {
            let start = index
            while index < end, ByteClass.hostName.contains(bytes[index]) { index &+= 1 }
            guard index > start else { return false }
        }
        guard index < end else { return true }
        guard bytes[index] == UInt8(ascii: ":"), end &- index <= 6 else { return false }
        for port in index &+ 1..<end where !bytes[port].isDigit { return false }
        return true
    }
}
