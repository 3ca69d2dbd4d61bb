// SPDX-License-Identifier: Apache-2.0

/// Which fields of which names an expression selects, as written: what Kubernetes' rule about `claims.email` asks
/// (k8s.io/apiserver/pkg/apis/apiserver/validation, hasSelectExp). `claims["email"]` is an index, not a selection.
struct SelectedFields {
    private(set) var fields: [String: Set<String>] = [:]

    init(of expression: Expression) {
        visit(expression)
    }

    private mutating func visit(_ expression: Expression) {
        switch expression.kind {
        case .literal, .name: break
        case .select(let operand, let field, _), .presence(let operand, let field, _):
            if case .name(let name, _) = operand.kind { fields[name, default: []].insert(field) }
            visit(operand)
        case .call(_, let target, let arguments, _):
            if let target { visit(target) }
            for argument in arguments { visit(argument) }
        case .and(let parts), .or(let parts):
            for part in parts { visit(part) }
        case .conditional(let condition, let first, let second):
            visit(condition)
            visit(first)
            visit(second)
        case .list(let elements):
            for element in elements { visit(element.value) }
        case .map(let entries):
            for entry in entries {
                visit(entry.key)
                visit(entry.value)
            }
        case .fold(let fold):
            visit(fold.operand)
            if let condition = fold.condition { visit(condition) }
            if let result = fold.result { visit(result) }
        }
    }
}
