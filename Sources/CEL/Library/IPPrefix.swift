// SPDX-License-Identifier: Apache-2.0

/// A CIDR range, its address as written, host bits included (Go's netip.Prefix).
package struct IPPrefix: Hashable, Sendable {
    let address: IPAddress
    let length: Int

    init?(_ text: String) {
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        let digits = text[text.utf8.index(after: slash)...]
        guard let address = IPAddress(String(text[..<slash])), 1...3 ~= digits.utf8.count,
            digits.unicodeScalars.allSatisfy(\.isDigit), digits.utf8.count == 1 || !digits.hasPrefix("0"),
            let length = Int(digits), length <= address.bytes.count * 8
        else { return nil }
        self.address = address
        self.length = length
    }

    private init(address: IPAddress, length: Int) {
        self.address = address
        self.length = length
    }

    var text: String { "\(address.text)/\(length)" }

    var masked: IPPrefix { IPPrefix(address: mask(address), length: length) }

    private func mask(_ address: IPAddress) -> IPAddress {
        IPAddress(
            bytes: address.bytes.enumerated().map { place, byte in
                let kept = min(8, max(0, length - place * 8))
                return kept == 0 ? 0 : byte & (0xFF << UInt8(8 - kept))
            })
    }

    func contains(_ other: IPAddress) -> Bool {
        other.isV4 == address.isV4 && mask(other) == mask(address)
    }

    func contains(_ other: IPPrefix) -> Bool {
        length <= other.length && contains(other.address)
    }
}
