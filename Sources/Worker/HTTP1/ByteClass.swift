// SPDX-License-Identifier: Apache-2.0

/// A set of ASCII characters as two words of bits, so that a look-up touches no memory. Bytes from 0x80 on are in none.
struct ByteClass {
    private let low: UInt64
    private let high: UInt64

    @inline(__always)
    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        guard byte < 0x80 else { return false }
        return ((byte < 0x40 ? low : high) &>> UInt64(byte & 0x3F)) & 1 == 1
    }

    /// `tchar` of RFC 9110 section 5.6.2: letters, digits and ``!#$%&'*+-.^_`|~``.
    @inline(__always) static var token: ByteClass {
        ByteClass(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// What may stand in a registered name of `uri-host` (RFC 3986 section 3.2.2): unreserved characters and sub-delims.
    /// Percent-encoding is left out on purpose: no API server has such a name, and parsers differ over it.
    @inline(__always) static var hostName: ByteClass {
        ByteClass(low: 0x2BFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }

    /// What may stand between the brackets of an IPv6 literal: hexadecimal digits, `:` and `.`.
    @inline(__always) static var ipv6: ByteClass {
        ByteClass(low: 0x07FF_4000_0000_0000, high: 0x0000_007E_0000_007E)
    }

    /// Visible ASCII without `#` (a fragment never goes to a server) and `\` (which some parsers take for a slash). The
    /// other characters that RFC 3986 leaves out mean the same to everyone and pass.
    @inline(__always) static var target: ByteClass {
        ByteClass(low: 0xFFFF_FFF6_0000_0000, high: 0x7FFF_FFFF_EFFF_FFFF)
    }
}

extension UInt8 {
    /// The lower-case letter of an ASCII capital; any other byte as it is.
    @inline(__always) var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    @inline(__always) var isDigit: Bool { self &- 0x30 < 10 }

    /// Space or horizontal tab: `OWS` of RFC 9110 section 5.6.3.
    @inline(__always) var isBlank: Bool { self == 0x20 || self == 0x09 }

    /// The value of a hexadecimal digit, or nil.
    @inline(__always) var hexValue: UInt8? {
        if isDigit { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }
}
