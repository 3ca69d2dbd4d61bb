// SPDX-License-Identifier: Apache-2.0

/// Cuts an expression's text into tokens: the lexis of the CEL specification (langdef.md, "Syntax").
struct Lexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var column = 1

    private init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    /// All tokens, the last of which is `.end`.
    static func tokens(of text: String) throws(CELError) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        repeat {
            tokens.append(try lexer.next())
        } while tokens.last?.kind != .end
        return tokens
    }

    private var position: SourcePosition { SourcePosition(line: line, column: column) }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        index + ahead < scalars.count ? scalars[index + ahead] : nil
    }

    @discardableResult
    private mutating func advance() -> Unicode.Scalar? {
        guard let scalar = peek() else { return nil }
        index += 1
        if scalar == "\n" {
            line += 1
            column = 1
        } else {
            column += 1
        }
        return scalar
    }

    private func issue(_ message: String, at place: SourcePosition) -> CELError {
        .refused([CELIssue(position: place, message: "syntax error: \(message)")])
    }

    private mutating func next() throws(CELError) -> Token {
        skipBlanks()
        let start = position
        guard let scalar = peek() else { return Token(kind: .end, position: start) }
        let kind: Token.Kind
        if let literal = try quotedLiteral() {
            kind = literal
        } else if scalar.isIdentifierStart {
            kind = .identifier(identifier())
        } else if scalar.isDigit || (scalar == "." && (peek(1)?.isDigit ?? false)) {
            kind = try number()
        } else if scalar == "`" {
            kind = try quotedIdentifier()
        } else {
            kind = try mark()
        }
        return Token(kind: kind, position: start)
    }

    /// White space and comments (`//` to the end of the line).
    private mutating func skipBlanks() {
        while let scalar = peek() {
            if scalar == "/" && peek(1) == "/" {
                while let commented = peek(), commented != "\n" { advance() }
            } else if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" || scalar == "\u{c}" {
                advance()
            } else {
                return
            }
        }
    }

    private mutating func identifier() -> String {
        var name = String.UnicodeScalarView()
        while let scalar = peek(), scalar.isIdentifierStart || scalar.isDigit {
            name.append(scalar)
            advance()
        }
        return String(name)
    }

    private mutating func quotedIdentifier() throws(CELError) -> Token.Kind {
        let start = position
        advance()
        var name = String.UnicodeScalarView()
        while let scalar = peek(), scalar != "`" {
            let allowed =
                scalar.isIdentifierStart || scalar.isDigit || scalar == "." || scalar == "-" || scalar == "/"
                || scalar == " "
            guard allowed else { throw issue("a field name in backticks cannot have this character", at: position) }
            name.append(scalar)
            advance()
        }
        guard peek() == "`", !name.isEmpty else { throw issue("unfinished field name in backticks", at: start) }
        advance()
        return .quotedIdentifier(String(name))
    }

    private mutating func mark() throws(CELError) -> Token.Kind {
        for text in ["==", "!=", "<=", ">=", "&&", "||"] {
            let pair = Array(text.unicodeScalars)
            if peek() == pair[0] && peek(1) == pair[1] {
                advance()
                advance()
                return .mark(text)
            }
        }
        let start = position
        guard let scalar = advance(), "<>+-*/%!?:.,()[]{}".unicodeScalars.contains(scalar) else {
            throw issue("unexpected character", at: start)
        }
        return .mark(String(scalar))
    }

    // MARK: Numbers

    private mutating func digits(_ accepted: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let scalar = peek(), accepted(scalar) {
            text.unicodeScalars.append(scalar)
            advance()
        }
        return text
    }

    private mutating func number() throws(CELError) -> Token.Kind {
        let start = position
        let kind: Token.Kind
        if peek() == "0" && (peek(1) == "x" || peek(1) == "X"), peek(2)?.isHexDigit ?? false {
            advance()
            advance()
            kind = try integer(digits(\.isHexDigit), radix: 16, at: start)
        } else {
            var text = digits(\.isDigit)
            var isDouble = false
            if peek() == "." && (peek(1)?.isDigit ?? false) {
                isDouble = true
                advance()
                text = (text.isEmpty ? "0" : text) + "." + digits(\.isDigit)
            }
            if peek() == "e" || peek() == "E" {
                let signed = peek(1) == "+" || peek(1) == "-"
                if peek(signed ? 2 : 1)?.isDigit ?? false {
                    isDouble = true
                    advance()
                    text += "e" + (signed ? String(advance() ?? "+") : "") + digits(\.isDigit)
                }
            }
            if isDouble {
                guard let value = Double(text), value.isFinite else { throw issue("invalid double", at: start) }
                kind = .double(value)
            } else {
                kind = try integer(text, radix: 10, at: start)
            }
        }
        if let scalar = peek(), scalar.isIdentifierStart || scalar.isDigit {
            throw issue("a number cannot be followed by a letter", at: position)
        }
        return kind
    }

    private mutating func integer(_ text: String, radix: Int, at start: SourcePosition) throws(CELError) -> Token.Kind {
        let unsigned = peek() == "u" || peek() == "U"
        if unsigned { advance() }
        guard let value = UInt64(text, radix: radix) else {
            throw issue(unsigned ? "invalid uint: out of range" : "invalid int: out of range", at: start)
        }
        return unsigned ? .uint(value) : .int(value)
    }

    // MARK: Strings and bytes

    /// A string or bytes literal with its prefixes (r, b in any case and order), or nil if there is none here.
    private mutating func quotedLiteral() throws(CELError) -> Token.Kind? {
        var ahead = 0
        var isRaw = false
        var isBytes = false
        while let scalar = peek(ahead), scalar != "'" && scalar != "\"" {
            if (scalar == "r" || scalar == "R") && !isRaw {
                isRaw = true
            } else if (scalar == "b" || scalar == "B") && !isBytes && !isRaw {
                isBytes = true
            } else {
                return nil
            }
            ahead += 1
        }
        guard let quote = peek(ahead) else { return nil }
        let start = position
        for _ in 0...ahead { advance() }
        let isTriple = peek() == quote && peek(1) == quote
        if isTriple {
            advance()
            advance()
        }
        var content: [Unicode.Scalar] = []
        while true {
            guard let scalar = peek() else { throw issue("unfinished string", at: start) }
            if scalar == quote {
                if !isTriple {
                    advance()
                    break
                }
                if peek(1) == quote && peek(2) == quote {
                    for _ in 0..<3 { advance() }
                    break
                }
            }
            if !isTriple && (scalar == "\n" || scalar == "\r") { throw issue("unfinished string", at: start) }
            content.append(scalar)
            advance()
            // A quote after a backslash does not end the literal; in raw ones a backslash is one like any other.
            if scalar == "\\", !isRaw, let escaped = peek() {
                if !isTriple && (escaped == "\n" || escaped == "\r") { throw issue("unfinished string", at: start) }
                content.append(escaped)
                advance()
            }
        }
        var decoder = LiteralDecoder(content: content, isRaw: isRaw)
        if isBytes {
            guard let bytes = decoder.bytes() else { throw issue("invalid escape in bytes", at: start) }
            return .bytes(bytes)
        }
        guard let string = decoder.string() else { throw issue("invalid escape in string", at: start) }
        return .string(string)
    }
}

extension Unicode.Scalar {
    var isDigit: Bool { ("0"..."9").contains(self) }

    var isHexDigit: Bool { isDigit || ("a"..."f").contains(self) || ("A"..."F").contains(self) }

    var isIdentifierStart: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_" }
}
