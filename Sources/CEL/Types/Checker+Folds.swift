// SPDX-License-Identifier: Apache-2.0

extension Checker {
    mutating func check(_ fold: Expression.Fold, at place: Expression) -> Checked {
        let operand = check(fold.operand)
        let type = substitution.applied(to: operand.type)
        var variables: [(name: String, type: CELType)] = []
        if fold.kind == .optionalMap || fold.kind == .optionalFlatMap {
            variables = [(fold.first, held(by: type, at: fold.operand))]
        } else {
            let (first, second) = ranged(over: type, isPair: fold.second != nil, at: fold.operand)
            variables = [(fold.first, first)]
            if let name = fold.second { variables.append((name, second)) }
        }
        locals += variables
        defer { locals.removeLast(variables.count) }
        let condition = fold.condition.map { truth($0) }
        let result = fold.result.map { ($0, check($0)) }
        let plan = Plan.Fold(
            kind: fold.kind, operand: operand.plan, isPair: fold.second != nil, condition: condition,
            result: result?.1.plan)
        return Checked(
            plan: .fold(plan),
            type: yielded(by: fold, over: type, firstType: variables[0].type, result: result, at: place))
    }

    /// The types of the variables over a list or a map.
    private mutating func ranged(over type: CELType, isPair: Bool, at place: Expression) -> (CELType, CELType) {
        switch type {
        case .list(let element): return isPair ? (.int, element) : (element, .error)
        case .map(let key, let value): return (key, value)
        case .dyn, .error: return (.dyn, .dyn)
        case .parameter:
            _ = agree(type, .dyn)
            return (.dyn, .dyn)
        default:
            report(
                "expression of type '\(finalType(type))' cannot be range of a comprehension "
                    + "(must be list, map, or dynamic)", at: place)
            return (.error, .error)
        }
    }

    private mutating func held(by type: CELType, at place: Expression) -> CELType {
        switch type {
        case .optional(let inner): return inner
        case .dyn, .error, .parameter: return .dyn
        default:
            report("expected type 'optional_type(dyn)' but found '\(finalType(type))'", at: place)
            return .error
        }
    }

    private mutating func yielded(
        by fold: Expression.Fold, over type: CELType, firstType: CELType, result: (Expression, Checked)?,
        at place: Expression
    ) -> CELType {
        guard let (expression, checked) = result else { return .bool }
        let yielded = substitution.applied(to: checked.type)
        switch fold.kind {
        case .all, .exists, .existsOne: return .bool
        case .list: return .list(yielded)
        case .transformMap: return .map(firstType, yielded)
        case .transformMapEntry:
            switch yielded {
            case .map, .dyn, .error: return yielded
            default:
                report("expected type 'map(dyn, dyn)' but found '\(finalType(yielded))'", at: expression)
                return .error
            }
        case .sortBy:
            switch yielded {
            case .int, .uint, .double, .bool, .duration, .timestamp, .string, .bytes, .dyn, .error, .parameter: break
            default:
                report("'\(finalType(yielded))' is no type that sortBy can sort by", at: expression)
            }
            if case .map = type {
                report("sortBy needs a list, not '\(finalType(type))'", at: place)
            }
            return type
        case .optionalMap: return .optional(yielded)
        case .optionalFlatMap:
            switch yielded {
            case .optional, .dyn, .error: return yielded
            default:
                report("expected type 'optional_type(dyn)' but found '\(finalType(yielded))'", at: expression)
                return .error
            }
        }
    }
}
