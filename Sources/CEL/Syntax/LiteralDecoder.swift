// SPDX-License-Identifier: Apache-2.0

/// Decodes what stands between the quotes of a string or bytes literal (langdef.md, "String and Bytes Values").
struct LiteralDecoder {
    private let content: [Unicode.Scalar]
    private let isRaw: Bool
    private var index = 0

    init(content: [Unicode.Scalar], isRaw: Bool) {
        // Line ends in a literal of several lines are one newline each, whatever the file's convention (cel-go).
        var normalised: [Unicode.Scalar] = []
        for (offset, scalar) in content.enumerated() {
            if scalar == "\n" && offset > 0 && content[offset - 1] == "\r" { continue }
            normalised.append(scalar == "\r" ? "\n" : scalar)
        }
        self.content = normalised
        self.isRaw = isRaw
    }

    private enum Piece {
        case scalar(Unicode.Scalar)
        /// `\x41` and `\101`: a code point in a string, a byte in bytes.
        case code(UInt8)
        /// `\u0041`: only in strings.
        case unicode(Unicode.Scalar)
    }

    /// Nil if an escape is not allowed in a string.
    mutating func string() -> String? {
        var result = String.UnicodeScalarView()
        while index < content.count {
            guard let piece = piece() else { return nil }
            switch piece {
            case .scalar(let scalar), .unicode(let scalar): result.append(scalar)
            case .code(let code): result.append(Unicode.Scalar(code))
            }
        }
        return String(result)
    }

    /// Nil if an escape is not allowed in bytes.
    mutating func bytes() -> [UInt8]? {
        var result: [UInt8] = []
        while index < content.count {
            guard let piece = piece() else { return nil }
            switch piece {
            case .scalar(let scalar): result.append(contentsOf: Array(String(scalar).utf8))
            case .code(let code): result.append(code)
            case .unicode: return nil
            }
        }
        return result
    }

    private mutating func take() -> Unicode.Scalar? {
        guard index < content.count else { return nil }
        index += 1
        return content[index - 1]
    }

    private mutating func piece() -> Piece? {
        guard let scalar = take() else { return nil }
        guard scalar == "\\", !isRaw else { return .scalar(scalar) }
        guard let escaped = take() else { return nil }
        switch escaped {
        case "a": return .scalar("\u{7}")
        case "b": return .scalar("\u{8}")
        case "f": return .scalar("\u{c}")
        case "n": return .scalar("\n")
        case "r": return .scalar("\r")
        case "t": return .scalar("\t")
        case "v": return .scalar("\u{b}")
        case "\\", "'", "\"", "`", "?": return .scalar(escaped)
        case "x", "X": return number(digits: 2, radix: 16).flatMap { UInt8(exactly: $0) }.map { .code($0) }
        case "u": return number(digits: 4, radix: 16).flatMap(Unicode.Scalar.init).map { .unicode($0) }
        case "U": return number(digits: 8, radix: 16).flatMap(Unicode.Scalar.init).map { .unicode($0) }
        case "0"..."3":
            index -= 1
            return number(digits: 3, radix: 8).flatMap { UInt8(exactly: $0) }.map { .code($0) }
        default: return nil
        }
    }

    private mutating func number(digits: Int, radix: Int) -> UInt32? {
        guard index + digits <= content.count else { return nil }
        var text = ""
        for _ in 0..<digits {
            guard let digit = take(), digit.isHexDigit else { return nil }
            text.unicodeScalars.append(digit)
        }
        return UInt32(text, radix: radix)
    }
}
