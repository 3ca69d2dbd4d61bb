// SPDX-License-Identifier: Apache-2.0

/// Why an expression was refused at load time, or why its evaluation has no value.
///
/// Messages name types, functions, variables and keys. They never quote a value of the input, which may be a claim of
/// somebody's token.
package enum CELError: Error, Hashable, Sendable {
    /// The text is not an expression, or the type checker refuses it. Never empty; in the order of the text.
    case refused([CELIssue])
    /// Evaluation met an error that no `&&`, `||`, `all` or `exists` absorbed.
    case failed(String)
    /// Evaluation would have cost more than its limit. Never absorbed.
    case costLimitExceeded

    /// Whether `&&` and `||` may go on past this error.
    var isAbsorbable: Bool {
        if case .failed = self { true } else { false }
    }

    /// No overload of the function takes values of these types.
    static var noSuchOverload: CELError { .failed("no such overload") }
    static var overflow: CELError { .failed("integer overflow") }
    static var range: CELError { .failed("value out of range") }
    static var divisionByZero: CELError { .failed("division by zero") }

    /// A map, an object or an optional without the key asked for. Keys of the input are shortened and made printable.
    static func noSuchKey(_ key: String) -> CELError {
        var shown = ""
        for scalar in key.unicodeScalars.prefix(64) {
            shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "?" : scalar)
        }
        return .failed("no such key: \(shown)")
    }
}

/// One complaint about an expression, with its place.
package struct CELIssue: Hashable, Sendable {
    package var position: SourcePosition
    package var message: String

    package init(position: SourcePosition, message: String) {
        self.position = position
        self.message = message
    }
}

extension CELIssue: CustomStringConvertible {
    package var description: String { "\(position): \(message)" }
}

extension CELError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let issues): issues.map(\.description).joined(separator: "; ")
        case .failed(let message): message
        case .costLimitExceeded: "cost limit exceeded"
        }
    }
}
