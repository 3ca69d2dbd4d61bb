// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// `has(operand.field)`.
    func presence(_ arguments: [Expression], at position: SourcePosition) throws(CELError) -> Expression {
        guard arguments.count == 1, case .select(let operand, let field, let isOptional) = arguments[0].kind else {
            throw issue("invalid argument to has() macro: it takes one field selection", at: position)
        }
        return try node(.presence(operand, field: field, isOptional: isOptional), at: position, over: [operand])
    }

    /// The macro of this name with this number of arguments, or nil: then it is a call of a function.
    func expandMacro(
        _ name: String, target: Expression, arguments: [Expression], at position: SourcePosition
    ) throws(CELError) -> Expression? {
        switch (name, arguments.count) {
        case ("all", 2): return try fold(.all, target, arguments, at: position)
        case ("exists", 2): return try fold(.exists, target, arguments, at: position)
        case ("exists_one", 2), ("existsOne", 2): return try fold(.existsOne, target, arguments, at: position)
        case ("filter", 2): return try fold(.list, target, arguments, yieldsVariable: true, at: position)
        case ("map", 2), ("map", 3): return try fold(.list, target, arguments, at: position)
        case ("all", 3) where options.twoVariables: return try fold(.all, target, arguments, variables: 2, at: position)
        case ("exists", 3) where options.twoVariables:
            return try fold(.exists, target, arguments, variables: 2, at: position)
        case ("existsOne", 3) where options.twoVariables, ("exists_one", 3) where options.twoVariables:
            return try fold(.existsOne, target, arguments, variables: 2, at: position)
        case ("transformList", 3) where options.twoVariables, ("transformList", 4) where options.twoVariables:
            return try fold(.list, target, arguments, variables: 2, at: position)
        case ("transformMap", 3) where options.twoVariables, ("transformMap", 4) where options.twoVariables:
            return try fold(.transformMap, target, arguments, variables: 2, at: position)
        case ("transformMapEntry", 3) where options.twoVariables, ("transformMapEntry", 4) where options.twoVariables:
            return try fold(.transformMapEntry, target, arguments, variables: 2, at: position)
        case ("sortBy", 2) where options.sorting: return try fold(.sortBy, target, arguments, at: position)
        case ("optMap", 2) where options.optionals: return try fold(.optionalMap, target, arguments, at: position)
        case ("optFlatMap", 2) where options.optionals:
            return try fold(.optionalFlatMap, target, arguments, at: position)
        default: return nil
        }
    }

    /// The first `variables` arguments are names; then comes a predicate (of `all` and its like and of `filter`), or a
    /// result with or without a filter before it.
    private func fold(
        _ kind: FoldKind, _ target: Expression, _ arguments: [Expression], variables: Int = 1,
        yieldsVariable: Bool = false, at position: SourcePosition
    ) throws(CELError) -> Expression {
        var names: [String] = []
        for argument in arguments.prefix(variables) {
            guard case .name(let name, isAbsolute: false) = argument.kind else {
                throw issue("argument must be a simple name", at: argument.position)
            }
            guard !names.contains(name) else { throw issue("the two names must differ", at: argument.position) }
            names.append(name)
        }
        let rest = arguments.dropFirst(variables)
        let condition: Expression?
        var result: Expression?
        switch kind {
        case .all, .exists, .existsOne: condition = rest.first
        default:
            condition = rest.count == 2 || yieldsVariable ? rest.first : nil
            result = yieldsVariable ? arguments[0] : rest.last
        }
        let fold = Expression.Fold(
            kind: kind, operand: target, first: names[0], second: variables == 2 ? names[1] : nil,
            condition: condition, result: result)
        return try node(.fold(fold), at: position, over: [target] + rest)
    }
}
