// SPDX-License-Identifier: Apache-2.0

/// An IP address without a zone: what Go's netip.ParseAddr reads, but for IPv4-mapped IPv6 addresses, which Kubernetes
/// refuses.
package struct IPAddress: Hashable, Sendable {
    /// Four or sixteen.
    let bytes: [UInt8]

    var isV4: Bool { bytes.count == 4 }

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    init?(_ text: String) {
        // No address is longer, and text out of a claim may be.
        guard text.utf8.count <= 45 else { return nil }
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bytes = Self.sixteen(text) else { return nil }
            // ::ffff:a.b.c.d
            if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF { return nil }
            self.bytes = bytes
        } else {
            guard let bytes = Self.four(Substring(text)) else { return nil }
            self.bytes = bytes
        }
    }

    private static func four(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard 1...3 ~= part.utf8.count, part.unicodeScalars.allSatisfy(\.isDigit), let byte = UInt8(part),
                part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0")
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func sixteen(_ text: String) -> [UInt8]? {
        let halves = text.unicodeScalars.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        // "::" may stand once, at the ends too; a single colon there may not.
        guard halves.count >= 3 else { return nil }
        var parts = halves
        if parts.count >= 2, parts[0].isEmpty {
            guard parts[1].isEmpty else { return nil }
            parts.removeFirst()
        }
        if parts.count >= 2, parts[parts.count - 1].isEmpty {
            guard parts[parts.count - 2].isEmpty else { return nil }
            parts.removeLast()
        }
        guard parts.count(where: \.isEmpty) <= 1 else { return nil }
        var before: [UInt8] = []
        var after: [UInt8]?
        for (place, part) in parts.enumerated() {
            var bytes: [UInt8] = []
            if part.isEmpty {
                after = []
                continue
            } else if place == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                guard let four = four(Substring(part)) else { return nil }
                bytes = four
            } else {
                guard part.utf8.count <= 4, part.unicodeScalars.allSatisfy(\.isHexDigit),
                    let group = UInt16(part, radix: 16)
                else { return nil }
                bytes = [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
            if after == nil { before += bytes } else { after?.append(contentsOf: bytes) }
        }
        guard let after else { return before.count == 16 ? before : nil }
        guard before.count + after.count <= 14 else { return nil }
        return before + [UInt8](repeating: 0, count: 16 - before.count - after.count) + after
    }

    /// The canonical form (RFC 5952).
    var text: String {
        if isV4 { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > longest.count, end - start >= 2 { longest = start..<end }
            start = max(end, start + 1)
        }
        func shown(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        if longest.isEmpty { return shown(0..<8) }
        return shown(0..<longest.lowerBound) + "::" + shown(longest.upperBound..<8)
    }

    var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    var isLoopback: Bool { isV4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 }

    var isMulticast: Bool { isV4 ? bytes[0] & 0xF0 == 0xE0 : bytes[0] == 0xFF }

    var isLinkLocalMulticast: Bool {
        isV4 ? bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0 : bytes[0] == 0xFF && bytes[1] & 0x0F == 2
    }

    var isLinkLocalUnicast: Bool {
        isV4 ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
    }

    var isGlobalUnicast: Bool {
        if isV4 && bytes.allSatisfy({ $0 == 255 }) { return false }
        return !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast
    }
}
