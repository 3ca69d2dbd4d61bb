// SPDX-License-Identifier: Apache-2.0

extension Parser {
    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop", "package",
        "namespace", "return", "var", "void", "while", "true", "false", "null",
    ]

    /// Words of the grammar itself, which can be no field's name either.
    private static let keywords: Set<String> = ["in", "true", "false", "null"]

    /// The `.field`, `.method()` and `[index]` that follow an operand.
    mutating func members(of primary: Expression) throws(CELError) -> Expression {
        var operand = primary
        while true {
            let position = current.position
            if accept(".") {
                operand = try member(of: operand, at: position)
            } else if accept("[") {
                let isOptional = try acceptOptional()
                let index = try expression()
                try expect("]")
                operand = try call(isOptional ? "_[?_]" : "_[_]", [operand, index], at: position)
            } else {
                return operand
            }
        }
    }

    private mutating func member(of operand: Expression, at position: SourcePosition) throws(CELError) -> Expression {
        let isOptional = try acceptOptional()
        let token = current
        switch token.kind {
        case .identifier(let name) where !Self.keywords.contains(name):
            advance()
            if !isOptional, accept("(") {
                let arguments = try expressions(until: ")")
                if let macro = try expandMacro(name, target: operand, arguments: arguments, at: token.position) {
                    return macro
                }
                return try node(
                    .call(function: name, target: operand, arguments: arguments, isAbsolute: false),
                    at: token.position, over: [operand] + arguments)
            }
            return try node(
                .select(operand, field: name, isOptional: isOptional), at: position, over: [operand])
        case .quotedIdentifier(let name) where options.quotedFields:
            advance()
            return try node(
                .select(operand, field: name, isOptional: isOptional), at: position, over: [operand])
        default:
            throw issue("expected a field's name but found \(token.shown)", at: token.position)
        }
    }

    private mutating func acceptOptional() throws(CELError) -> Bool {
        let position = current.position
        guard accept("?") else { return false }
        guard options.optionals else { throw issue("unsupported syntax '?'", at: position) }
        return true
    }

    mutating func primary() throws(CELError) -> Expression {
        let token = current
        switch token.kind {
        case .int(let magnitude):
            advance()
            guard let value = Int64(exactly: magnitude) else {
                throw issue("invalid int: out of range", at: token.position)
            }
            return try node(.literal(.int(value)), at: token.position)
        case .uint(let value): return try literal(.uint(value))
        case .double(let value): return try literal(.double(value))
        case .string(let value): return try literal(.string(value))
        case .bytes(let value): return try literal(.bytes(value))
        case .identifier("true"): return try literal(.bool(true))
        case .identifier("false"): return try literal(.bool(false))
        case .identifier("null"): return try literal(.null)
        case .identifier(let name):
            advance()
            return try named(name, isAbsolute: false, at: token.position)
        case .mark("."):
            advance()
            guard case .identifier(let name) = current.kind else {
                throw issue("expected a name but found \(current.shown)", at: current.position)
            }
            advance()
            return try named(name, isAbsolute: true, at: token.position)
        case .mark("("):
            advance()
            let inner = try expression()
            try expect(")")
            return inner
        case .mark("["):
            advance()
            return try list(at: token.position)
        case .mark("{"):
            advance()
            return try map(at: token.position)
        default:
            throw issue("unexpected \(token.shown)", at: token.position)
        }
    }

    private mutating func literal(_ value: CELValue) throws(CELError) -> Expression {
        let position = current.position
        advance()
        return try node(.literal(value), at: position)
    }

    private mutating func named(
        _ name: String, isAbsolute: Bool, at position: SourcePosition
    ) throws(CELError) -> Expression {
        guard !Self.reserved.contains(name) else { throw issue("reserved identifier: \(name)", at: position) }
        guard accept("(") else { return try node(.name(name, isAbsolute: isAbsolute), at: position) }
        let arguments = try expressions(until: ")")
        if name == "has" && !isAbsolute { return try presence(arguments, at: position) }
        return try node(
            .call(function: name, target: nil, arguments: arguments, isAbsolute: isAbsolute),
            at: position, over: arguments)
    }

    private mutating func expressions(until close: String) throws(CELError) -> [Expression] {
        var result: [Expression] = []
        if accept(close) { return result }
        repeat {
            result.append(try expression())
        } while accept(",")
        try expect(close)
        return result
    }

    private mutating func list(at position: SourcePosition) throws(CELError) -> Expression {
        var elements: [Expression.Element] = []
        while !current.isMark("]") {
            let isOptional = try acceptOptional()
            elements.append(Expression.Element(value: try expression(), isOptional: isOptional))
            if !accept(",") { break }
        }
        try expect("]")
        return try node(.list(elements), at: position, over: elements.map(\.value))
    }

    private mutating func map(at position: SourcePosition) throws(CELError) -> Expression {
        var entries: [Expression.Entry] = []
        while !current.isMark("}") {
            let isOptional = try acceptOptional()
            let key = try expression()
            try expect(":")
            entries.append(Expression.Entry(key: key, value: try expression(), isOptional: isOptional))
            if !accept(",") { break }
        }
        try expect("}")
        return try node(.map(entries), at: position, over: entries.flatMap { [$0.key, $0.value] })
    }
}
