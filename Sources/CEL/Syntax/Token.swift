// SPDX-License-Identifier: Apache-2.0

/// One word of an expression's text, with the place where it begins.
struct Token: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// An identifier or a word the language reserves.
        case identifier(String)
        /// A field name in backticks.
        case quotedIdentifier(String)
        /// An integer's magnitude: its sign is a token of its own.
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        /// An operator, a bracket or another mark.
        case mark(String)
        case end
    }

    let kind: Kind
    let position: SourcePosition

    func isMark(_ text: String) -> Bool { kind == .mark(text) }

    /// How an error message names the token.
    var shown: String {
        switch kind {
        case .identifier(let name): "'\(name)'"
        case .quotedIdentifier(let name): "'`\(name)`'"
        case .int, .uint, .double: "a number"
        case .string: "a string"
        case .bytes: "bytes"
        case .mark(let text): "'\(text)'"
        case .end: "the end"
        }
    }
}
