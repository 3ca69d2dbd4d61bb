// SPDX-License-Identifier: Apache-2.0

/// A compiled expression: evaluated any number of times, it keeps nothing from one to the next.
package struct CELProgram: Sendable {
    /// kube-apiserver's limit of one evaluation (k8s.io/apiserver/pkg/apis/cel, PerCallLimit).
    package static let perCallLimit: UInt64 = 1_000_000

    let plan: Plan
    /// What the checker found the expression to yield; `dyn` if only evaluation can tell.
    package let resultType: CELType
    private let selected: SelectedFields

    init(plan: Plan, resultType: CELType, selected: SelectedFields) {
        self.plan = plan
        self.resultType = resultType
        self.selected = selected
    }

    /// Whether `name.field`, `name.?field` or `has(name.field)` is written anywhere in the expression.
    package func selects(_ field: String, of name: String) -> Bool {
        selected.fields[name]?.contains { Text.equal($0, field) } ?? false
    }

    /// Throws `CELError.failed` if the expression has no value, and `CELError.costLimitExceeded`.
    package func evaluate(
        _ bindings: [String: CELValue], costLimit: UInt64 = CELProgram.perCallLimit
    ) throws(CELError) -> CELValue {
        try measure(bindings, costLimit: costLimit).value
    }

    /// Evaluates and says what it cost.
    package func measure(
        _ bindings: [String: CELValue], costLimit: UInt64 = CELProgram.perCallLimit
    ) throws(CELError) -> (value: CELValue, cost: UInt64) {
        var evaluator = Evaluator(bindings: bindings, limit: costLimit)
        let value = try evaluator.evaluate(plan)
        return (value, evaluator.meter.cost)
    }
}
