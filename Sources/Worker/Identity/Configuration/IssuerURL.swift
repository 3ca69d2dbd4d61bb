// SPDX-License-Identifier: Apache-2.0

/// kube-apiserver's rules for the URLs of issuers and discovery documents. What makes a URL unreadable follows Go's
/// net/url as far as https URLs go.
enum IssuerURL {
    /// Everything that is wrong with it; empty: nothing.
    static func complaints(about text: String) -> [String] {
        if let complaint = unreadable(text) { return [complaint] }
        var complaints: [String] = []
        let (rest, fragment) = cut(text[...], at: "#")
        let (scheme, afterScheme) = split(rest)
        if scheme.lowercased() != "https" { complaints.append("URL scheme must be https") }
        let (hierarchy, query) = cut(afterScheme, at: "?")
        if hierarchy.utf8.starts(with: "//".utf8) {
            let authority = hierarchy.dropFirst(2).prefix { $0 != "/" }
            if authority.utf8.contains(UInt8(ascii: "@")) {
                complaints.append("URL must not contain a username or password")
            }
        }
        if !query.isEmpty { complaints.append("URL must not contain a query") }
        if !fragment.isEmpty { complaints.append("URL must not contain a fragment") }
        return complaints
    }

    private static func unreadable(_ text: String) -> String? {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return "invalid control character in URL" }
        let (rest, _) = cut(text[...], at: "#")
        if rest.utf8.first == UInt8(ascii: ":") { return "missing protocol scheme" }
        let (scheme, afterScheme) = split(rest)
        let (hierarchy, _) = cut(afterScheme, at: "?")
        guard hierarchy.utf8.starts(with: "//".utf8) else {
            let segment = hierarchy.prefix { $0 != "/" }
            if scheme.isEmpty, segment.utf8.contains(UInt8(ascii: ":")) {
                return "first path segment in URL cannot contain colon"
            }
            return escapeComplaint(hierarchy)
        }
        let authority = hierarchy.dropFirst(2).prefix { $0 != "/" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return hostComplaint(host) ?? escapeComplaint(hierarchy.dropFirst(2 + authority.count))
    }

    private static func hostComplaint(_ host: Substring) -> String? {
        var port = Substring()
        if host.utf8.first == UInt8(ascii: "[") {
            guard let end = host.lastIndex(of: "]") else { return "missing ']' in host" }
            port = host[host.index(after: end)...]
        } else if let colon = host.lastIndex(of: ":") {
            port = host[colon...]
        }
        if !port.isEmpty {
            let digits = port.dropFirst().utf8
            guard port.utf8.first == UInt8(ascii: ":"),
                digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return "invalid port \(JSONValue.quoted(String(port))) after host" }
        }
        for scalar in host.unicodeScalars where " <>\"\\^`{|}".unicodeScalars.contains(scalar) {
            return "invalid character \(JSONValue.quoted(String(scalar))) in host name"
        }
        return escapeComplaint(host)
    }

    private static func escapeComplaint(_ text: Substring) -> String? {
        let bytes = Array(text.utf8)
        for index in bytes.indices where bytes[index] == UInt8(ascii: "%") {
            let digits = bytes[(index + 1)...].prefix(2)
            guard digits.count == 2, digits.allSatisfy(isHexadecimal) else {
                return "invalid URL escape \(JSONValue.quoted("%" + String(decoding: digits, as: UTF8.self)))"
            }
        }
        return nil
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    /// `https` and `//host/path`; no scheme: all of it is the rest.
    private static func split(_ text: Substring) -> (scheme: Substring, rest: Substring) {
        for (offset, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                if offset == 0 { return ("", text) }
            case UInt8(ascii: ":"):
                return (text.prefix(offset), text.dropFirst(offset + 1))
            default: return ("", text)
            }
        }
        return ("", text)
    }

    private static func cut(_ text: Substring, at mark: Character) -> (before: Substring, after: Substring) {
        guard let index = text.firstIndex(of: mark) else { return (text, "") }
        return (text[..<index], text[text.index(after: index)...])
    }
}
