// SPDX-License-Identifier: Apache-2.0

/// A URL as Go's net/url takes it apart: absolute, or an absolute path (url.ParseRequestURI), with a fragment cut off.
package struct URLReference: Hashable, Sendable {
    /// As it was written.
    let text: String
    let scheme: String
    /// Host and port.
    let host: String
    let escapedPath: String
    let query: String

    /// Nil if the text is none.
    init?(_ text: String) {
        self.text = text
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        guard let (scheme, afterScheme) = Self.cutScheme(bytes) else { return nil }
        self.scheme = scheme
        var rest = afterScheme
        if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
            guard Self.unescaped(rest[(hash + 1)...]) != nil else { return nil }
            rest = rest[..<hash]
        }
        var query: ArraySlice<UInt8> = []
        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            query = rest[(mark + 1)...]
            rest = rest[..<mark]
        }
        self.query = String(decoding: query, as: UTF8.self)
        guard rest.first == UInt8(ascii: "/") else {
            // mailto:somebody
            guard !scheme.isEmpty else { return nil }
            host = ""
            escapedPath = ""
            return
        }
        var host = ""
        if !scheme.isEmpty, rest.starts(with: Array("//".utf8)) {
            let authority = rest.dropFirst(2).prefix { $0 != UInt8(ascii: "/") }
            rest = rest.dropFirst(2 + authority.count)
            guard let found = Self.host(of: authority) else { return nil }
            host = found
        }
        self.host = host
        guard let path = Self.unescaped(rest) else { return nil }
        escapedPath = Self.isEncoded(rest) ? String(decoding: rest, as: UTF8.self) : Self.escaped(path)
    }

    /// The host without port and brackets.
    var hostname: String {
        let bytes = Array(host.utf8)
        if bytes.first == UInt8(ascii: "["), let end = bytes.firstIndex(of: UInt8(ascii: "]")) {
            return String(decoding: bytes[1..<end], as: UTF8.self)
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
    }

    var port: String {
        let bytes = Array(host.utf8)
        let start = bytes.firstIndex(of: UInt8(ascii: "]")) ?? 0
        guard let colon = bytes[start...].lastIndex(of: UInt8(ascii: ":")) else { return "" }
        return String(decoding: bytes[(colon + 1)...], as: UTF8.self)
    }

    /// Names and values of the query in their order, what is malformed left out.
    var parameters: [(name: String, value: String)] {
        let pieces = Array(query.utf8).split(separator: UInt8(ascii: "&"))
        return pieces.compactMap { piece in
            guard !piece.contains(UInt8(ascii: ";")) else { return nil }
            let name = piece.prefix { $0 != UInt8(ascii: "=") }
            let value = piece.dropFirst(name.count + 1)
            guard let name = Self.unescaped(name, plusIsSpace: true),
                let value = Self.unescaped(value, plusIsSpace: true)
            else { return nil }
            return (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
    }

    // MARK: Parts

    /// Nil if there is a colon but nothing before it.
    private static func cutScheme(_ bytes: [UInt8]) -> (String, ArraySlice<UInt8>)? {
        for (place, byte) in bytes.enumerated() {
            let scalar = Unicode.Scalar(byte)
            if byte == UInt8(ascii: ":") {
                guard place > 0 else { return nil }
                return (String(decoding: bytes[..<place], as: UTF8.self).lowercased(), bytes[(place + 1)...])
            }
            let isLetter = scalar.isIdentifierStart && byte != UInt8(ascii: "_")
            let isLater = scalar.isDigit || "+-.".unicodeScalars.contains(scalar)
            guard isLetter || (isLater && place > 0) else { return ("", bytes[...]) }
        }
        return ("", bytes[...])
    }

    private static func host(of authority: ArraySlice<UInt8>) -> String? {
        var host = authority
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            let user = authority[..<at]
            let isValid = user.allSatisfy { byte in
                isUnreserved(byte) || "!$&'()*+,;=:%@".utf8.contains(byte)
            }
            guard isValid, unescaped(user) != nil else { return nil }
            host = authority[(at + 1)...]
        }
        var port: ArraySlice<UInt8> = []
        if host.first == UInt8(ascii: "[") {
            guard let end = host.lastIndex(of: UInt8(ascii: "]")) else { return nil }
            port = host[(end + 1)...]
        } else if let colon = host.lastIndex(of: UInt8(ascii: ":")) {
            port = host[colon...]
        }
        if let first = port.first {
            guard first == UInt8(ascii: ":"), port.dropFirst().allSatisfy({ Unicode.Scalar($0).isDigit }) else {
                return nil
            }
        }
        let isValid = host.allSatisfy { byte in
            byte >= 0x80 || isUnreserved(byte) || "!$&'()*+,;=:[]<>\"%".utf8.contains(byte)
        }
        guard isValid, let plain = unescaped(host) else { return nil }
        return String(decoding: plain, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        let scalar = Unicode.Scalar(byte)
        return scalar.isIdentifierStart || scalar.isDigit || "-.~".unicodeScalars.contains(scalar)
    }

    /// Nil if an escape is malformed.
    private static func unescaped(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard rest.count >= 2, digits.unicodeScalars.allSatisfy(\.isHexDigit),
                    let value = UInt8(digits, radix: 16)
                else { return nil }
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte == UInt8(ascii: "+") && plusIsSpace ? UInt8(ascii: " ") : byte)
            }
        }
        return result
    }

    private static func isEncoded(_ path: ArraySlice<UInt8>) -> Bool {
        path.allSatisfy { isUnreserved($0) || "!$&'()*+,;=:@[]%/".utf8.contains($0) }
    }

    private static func escaped(_ path: [UInt8]) -> String {
        var result = ""
        for byte in path {
            if isUnreserved(byte) || "$&+,/:;=@".utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
