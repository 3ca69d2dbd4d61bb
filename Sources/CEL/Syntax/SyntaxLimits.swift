// SPDX-License-Identifier: Apache-2.0

/// What bounds an expression's text, as in cel-go's parser.
enum SyntaxLimits {
    /// Code points in an expression.
    static let length = 100_000
    /// Levels of expressions in one another, and of rules of the grammar while parsing.
    static let depth = 250
}
