// SPDX-License-Identifier: Apache-2.0

/// An expression as written, its macros recognised.
struct Expression: Sendable {
    let kind: Kind
    let position: SourcePosition
    /// How many levels of expressions stand in this one, itself included: what bounds recursion after parsing.
    let depth: Int

    indirect enum Kind: Sendable {
        case literal(CELValue)
        /// A name; absolute if written with a leading dot.
        case name(String, isAbsolute: Bool)
        /// `operand.field`, or `operand.?field`.
        case select(Expression, field: String, isOptional: Bool)
        /// `has(operand.field)`; optional if written `has(operand.?field)`.
        case presence(Expression, field: String, isOptional: Bool)
        case call(function: String, target: Expression?, arguments: [Expression], isAbsolute: Bool)
        case and([Expression])
        case or([Expression])
        case conditional(Expression, Expression, Expression)
        case list([Element])
        case map([Entry])
        case fold(Fold)
    }

    /// One element of a list literal; optional if written `[?element]`.
    struct Element: Sendable {
        let value: Expression
        let isOptional: Bool
    }

    /// One entry of a map literal; optional if written `{?key: value}`.
    struct Entry: Sendable {
        let key: Expression
        let value: Expression
        let isOptional: Bool
    }

    /// A macro that binds one or two variables to what it takes from its operand.
    struct Fold: Sendable {
        let kind: FoldKind
        let operand: Expression
        let first: String
        let second: String?
        /// The predicate, or the filter of a transforming macro.
        let condition: Expression?
        /// What a transforming macro yields per element.
        let result: Expression?
    }
}

/// The macros that bind variables.
enum FoldKind: Sendable {
    case all
    case exists
    case existsOne
    /// `map` and `transformList`, with or without a filter, and `filter`, whose result is the variable itself.
    case list
    case transformMap
    case transformMapEntry
    /// ext.Lists' `sortBy`: the result is the sort key.
    case sortBy
    /// `optMap`: applied to what an optional holds.
    case optionalMap
    /// `optFlatMap`: likewise, when the result is itself an optional.
    case optionalFlatMap
}
