// SPDX-License-Identifier: Apache-2.0

internal import CEL

/// An expression of the configuration, compiled when it was loaded.
struct ClaimExpression: Sendable {
    /// As written, for messages.
    let text: String
    private let program: CELProgram

    /// Which variable an expression may use (k8s.io/apiserver/pkg/authentication/cel, compile.go).
    enum Variable: String {
        case claims
        case user
    }

    /// What an expression must yield, as far as that can be told before there is a token.
    enum Result {
        case anything
        case boolean
    }

    /// Compiles it, or says at which place of the text it is wrong.
    init(_ text: String, over variable: Variable, yields result: Result, at path: String) throws(FieldProblem) {
        self.text = text
        do throws(CELError) {
            program = try Self.environment(variable).compile(text)
        } catch {
            throw .invalid(path, text, "compilation failed: \(error)")
        }
        if result == .boolean, program.resultType != .bool {
            throw .invalid(path, text, "must evaluate to bool")
        }
    }

    private static func environment(_ variable: Variable) -> CELEnvironment {
        switch variable {
        case .claims: claimsEnvironment
        case .user: userEnvironment
        }
    }

    private static let claimsEnvironment = CELEnvironment(variables: ["claims": .map(.string, .dyn)])
    private static let userEnvironment = CELEnvironment(
        variables: ["user": .object(ClaimValue.userType)],
        objects: [
            ClaimValue.userType: [
                "username": .string, "uid": .string, "groups": .list(.string), "extra": .map(.string, .list(.string)),
            ]
        ])

    /// Whether `claims.field` is written in it.
    func usesClaim(_ field: String) -> Bool { program.selects(field, of: Variable.claims.rawValue) }

    /// Its value; whatever keeps it from having one refuses the token.
    func evaluate(_ variable: Variable, _ value: CELValue, for purpose: String) throws(Refusal) -> CELValue {
        do throws(CELError) {
            return try program.evaluate([variable.rawValue: value], costLimit: CELProgram.perCallLimit)
        } catch {
            // CEL's messages name types, functions and keys, never a claim's value.
            throw Refusal(.expressionFailed, "\(purpose): the expression '\(text)' has no value: \(error)")
        }
    }
}
