// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' way to write names that are no identifiers in expressions: `__dot__`, `__dash__`, `__slash__`,
/// `__underscores__`, and `__in__` and its like for the language's own words (k8s.io/apiserver/pkg/cel/escaping.go).
enum EscapedName {
    private static let words: Set<String> = [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    ]

    /// The name that is meant; nil: something stands between double underscores that is no escape.
    static func unescape(_ name: String) -> String? {
        let bytes = Array(name.utf8)
        guard bytes.contains(UInt8(ascii: "_")) else { return name }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard let end = escape(in: bytes, at: index) else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let contents = String(decoding: bytes[(index + 2)..<(end - 2)], as: UTF8.self)
            switch contents {
            case "underscores": result += "__".utf8
            case "dot": result += ".".utf8
            case "dash": result += "-".utf8
            case "slash": result += "/".utf8
            default:
                // A word is escaped as a whole name only.
                guard words.contains(contents), end - index == bytes.count else { return nil }
                result += contents.utf8
            }
            index = end
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The end of `__word__` that begins here; nil: none does.
    private static func escape(in bytes: [UInt8], at start: Int) -> Int? {
        let underscore = UInt8(ascii: "_")
        guard start + 2 < bytes.count, bytes[start] == underscore, bytes[start + 1] == underscore else { return nil }
        var end = start + 2
        while end < bytes.count, bytes[end] != underscore { end += 1 }
        guard end > start + 2, end + 1 < bytes.count, bytes[end + 1] == underscore else { return nil }
        return end + 2
    }
}
