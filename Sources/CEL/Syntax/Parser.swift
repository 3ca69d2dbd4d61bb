// SPDX-License-Identifier: Apache-2.0

/// Parses an expression by recursive descent (langdef.md, "Syntax"), expanding macros as it meets them.
///
/// Recursion is bounded: by `nesting` on the way down, and by `Expression.depth` for chains that grow to the left.
struct Parser {
    var tokens: [Token]
    var index = 0
    private var nesting = 0
    let options: ParserOptions

    private init(tokens: [Token], options: ParserOptions) {
        self.tokens = tokens
        self.options = options
    }

    static func parse(_ text: String, options: ParserOptions) throws(CELError) -> Expression {
        guard text.unicodeScalars.count <= SyntaxLimits.length else {
            let start = SourcePosition(line: 1, column: 1)
            throw .refused([
                CELIssue(position: start, message: "the expression is longer than \(SyntaxLimits.length) code points")
            ])
        }
        var parser = Parser(tokens: try Lexer.tokens(of: text), options: options)
        let expression = try parser.expression()
        guard parser.current.kind == .end else {
            throw parser.issue("unexpected \(parser.current.shown)", at: parser.current.position)
        }
        return expression
    }

    // MARK: Tokens

    var current: Token { tokens[index] }

    mutating func advance() {
        if index + 1 < tokens.count { index += 1 }
    }

    mutating func accept(_ mark: String) -> Bool {
        guard current.isMark(mark) else { return false }
        advance()
        return true
    }

    mutating func expect(_ mark: String) throws(CELError) {
        guard accept(mark) else {
            throw issue("expected '\(mark)' but found \(current.shown)", at: current.position)
        }
    }

    func issue(_ message: String, at position: SourcePosition) -> CELError {
        .refused([CELIssue(position: position, message: "syntax error: \(message)")])
    }

    // MARK: Nodes

    func node(
        _ kind: Expression.Kind, at position: SourcePosition, over parts: [Expression] = []
    ) throws(CELError) -> Expression {
        var depth = 1
        for part in parts { depth = max(depth, part.depth + 1) }
        guard depth <= SyntaxLimits.depth else { throw tooDeep(position) }
        return Expression(kind: kind, position: position, depth: depth)
    }

    func call(_ function: String, _ arguments: [Expression], at position: SourcePosition) throws(CELError) -> Expression
    {
        try node(
            .call(function: function, target: nil, arguments: arguments, isAbsolute: true), at: position,
            over: arguments)
    }

    private func tooDeep(_ position: SourcePosition) -> CELError {
        .refused([
            CELIssue(
                position: position,
                message: "the expression has more than \(SyntaxLimits.depth) levels in one another")
        ])
    }

    // MARK: Operators, from the loosest

    mutating func expression() throws(CELError) -> Expression {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= SyntaxLimits.depth else { throw tooDeep(current.position) }
        let condition = try disjunction()
        let position = current.position
        guard accept("?") else { return condition }
        let yes = try disjunction()
        try expect(":")
        let no = try expression()
        return try node(.conditional(condition, yes, no), at: position, over: [condition, yes, no])
    }

    private mutating func disjunction() throws(CELError) -> Expression {
        let first = try conjunction()
        guard current.isMark("||") else { return first }
        let position = current.position
        var operands = [first]
        while accept("||") { operands.append(try conjunction()) }
        return try node(.or(operands), at: position, over: operands)
    }

    private mutating func conjunction() throws(CELError) -> Expression {
        let first = try relation()
        guard current.isMark("&&") else { return first }
        let position = current.position
        var operands = [first]
        while accept("&&") { operands.append(try relation()) }
        return try node(.and(operands), at: position, over: operands)
    }

    private mutating func relation() throws(CELError) -> Expression {
        var left = try sum()
        while true {
            let position = current.position
            let function: String
            switch current.kind {
            case .mark("=="), .mark("!="), .mark("<"), .mark("<="), .mark(">"), .mark(">="):
                guard case .mark(let mark) = current.kind else { return left }
                function = "_\(mark)_"
            case .identifier("in"): function = "@in"
            default: return left
            }
            advance()
            left = try call(function, [left, try sum()], at: position)
        }
    }

    private mutating func sum() throws(CELError) -> Expression {
        var left = try product()
        while case .mark(let mark) = current.kind, mark == "+" || mark == "-" {
            let position = current.position
            advance()
            left = try call("_\(mark)_", [left, try product()], at: position)
        }
        return left
    }

    private mutating func product() throws(CELError) -> Expression {
        var left = try unary()
        while case .mark(let mark) = current.kind, mark == "*" || mark == "/" || mark == "%" {
            let position = current.position
            advance()
            left = try call("_\(mark)_", [left, try unary()], at: position)
        }
        return left
    }

    /// `!` and `-`, any number of the same; an even number of them cancels out, as in cel-go.
    private mutating func unary() throws(CELError) -> Expression {
        for mark in ["!", "-"] where current.isMark(mark) {
            let position = current.position
            var count = 0
            while accept(mark) { count += 1 }
            if mark == "-", let literal = negativeNumber() {
                count -= 1
                let operand = try members(of: try node(.literal(literal), at: position))
                return count.isMultiple(of: 2) ? operand : try call("-_", [operand], at: position)
            }
            let operand = try members(of: try primary())
            return count.isMultiple(of: 2) ? operand : try call("\(mark)_", [operand], at: position)
        }
        return try members(of: try primary())
    }

    /// The number literal that stands here, with the sign before it; so the least int can be written.
    private mutating func negativeNumber() -> CELValue? {
        switch current.kind {
        case .int(let magnitude) where magnitude <= Int64.min.magnitude:
            advance()
            return .int(magnitude == Int64.min.magnitude ? .min : -Int64(magnitude))
        case .double(let value):
            advance()
            return .double(-value)
        default: return nil
        }
    }
}

/// Which parts of the syntax are on.
struct ParserOptions: Sendable {
    /// Field names in backticks.
    var quotedFields: Bool
    /// `sortBy` of ext.Lists.
    var sorting: Bool
    /// The macros with two variables.
    var twoVariables: Bool
    /// `.?`, `[?]`, optional entries and the macros of optionals.
    var optionals: Bool
}
