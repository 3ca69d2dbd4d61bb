// SPDX-License-Identifier: Apache-2.0

/// Checks an expression's types and resolves its names: cel-go's checker, and its validators of literals.
///
/// It goes on past a mistake, so that all of them are reported at once, in the order of the text.
struct Checker {
    let environment: CELEnvironment
    private(set) var issues: [CELIssue] = []
    var substitution = TypeSubstitution()
    /// Variables of the macros around, the innermost last. A name's place is its place in the evaluator's stack.
    var locals: [(name: String, type: CELType)] = []
    private var renamings = 0

    struct Checked {
        let plan: Plan
        let type: CELType
    }

    init(environment: CELEnvironment) {
        self.environment = environment
    }

    var isStrict: Bool { environment.options.typeChecking }

    /// A type with everything found out so far; what nothing decided is dyn.
    func finalType(_ type: CELType) -> CELType {
        substitution.applied(to: type, final: true)
    }

    mutating func check(_ expression: Expression) -> Checked {
        let checked = checkKind(of: expression)
        return isStrict ? checked : Checked(plan: checked.plan, type: .dyn)
    }

    private mutating func checkKind(of expression: Expression) -> Checked {
        switch expression.kind {
        case .literal(let value): return Checked(plan: .constant(value), type: Self.type(ofLiteral: value))
        case .name(let name, let isAbsolute):
            return reference(name, isAbsolute: isAbsolute)
                ?? refuse("undeclared reference to '\(name)' (in container '\(environment.container)')", at: expression)
        case .select(let operand, let field, let isOptional):
            return select(operand, field, isOptional: isOptional, at: expression)
        case .presence(let operand, let field, let isOptional):
            let operand = check(operand)
            _ = fieldType(field, of: operand.type, at: expression)
            return Checked(plan: .presence(operand.plan, field: field, isOptional: isOptional), type: .bool)
        case .call(let function, let target, let arguments, let isAbsolute):
            return call(function, target, arguments, isAbsolute: isAbsolute, at: expression)
        case .and(let operands): return Checked(plan: .and(operands.map { truth($0) }), type: .bool)
        case .or(let operands): return Checked(plan: .or(operands.map { truth($0) }), type: .bool)
        case .conditional(let condition, let yes, let no): return conditional(condition, yes, no, at: expression)
        case .list(let elements): return list(elements)
        case .map(let entries): return map(entries)
        case .fold(let fold): return check(fold, at: expression)
        }
    }

    // MARK: Issues

    mutating func report(_ message: String, at place: Expression) {
        if isStrict { issues.append(CELIssue(position: place.position, message: message)) }
    }

    /// Reports, and plans a failure for the case that the checker is off.
    mutating func refuse(_ message: String, at place: Expression) -> Checked {
        report(message, at: place)
        return Checked(plan: .failure(message), type: .error)
    }

    mutating func freshSuffix() -> String {
        renamings += 1
        return "#\(renamings)"
    }

    /// Whether the first type may stand for the second; if not, nothing is bound.
    mutating func agree(_ from: CELType, _ to: CELType) -> Bool {
        var trial = substitution
        guard trial.isAssignable(from, to: to) else { return false }
        substitution = trial
        return true
    }

    mutating func expect(_ wanted: CELType, _ checked: Checked, at place: Expression) {
        if !agree(checked.type, wanted) {
            report("expected type '\(wanted)' but found '\(finalType(checked.type))'", at: place)
        }
    }

    mutating func truth(_ expression: Expression) -> Plan {
        let checked = check(expression)
        expect(.bool, checked, at: expression)
        return checked.plan
    }

    // MARK: Names and fields

    private static func type(ofLiteral value: CELValue) -> CELType {
        switch value {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        default: .dyn
        }
    }

    func isLocal(_ name: String) -> Bool {
        locals.contains { $0.name == name }
    }

    /// A variable or a type of this name.
    private func reference(_ name: String, isAbsolute: Bool) -> Checked? {
        if !isAbsolute, let place = locals.lastIndex(where: { $0.name == name }) {
            return Checked(plan: .local(place), type: locals[place].type)
        }
        for candidate in environment.candidates(for: name, isAbsolute: isAbsolute) {
            if let type = environment.variables[candidate] { return Checked(plan: .variable(candidate), type: type) }
            if let type = environment.types[candidate] {
                return Checked(plan: .constant(.type(type.name)), type: .type(type))
            }
        }
        return nil
    }

    /// The dotted name that an expression is, unless a macro's variable stands at its head.
    func qualifiedName(of expression: Expression) -> (name: String, isAbsolute: Bool)? {
        switch expression.kind {
        case .name(let name, let isAbsolute):
            return isAbsolute || !isLocal(name) ? (name, isAbsolute) : nil
        case .select(let operand, let field, isOptional: false):
            guard let (name, isAbsolute) = qualifiedName(of: operand) else { return nil }
            return (name + "." + field, isAbsolute)
        default: return nil
        }
    }

    private mutating func select(
        _ operand: Expression, _ field: String, isOptional: Bool, at place: Expression
    ) -> Checked {
        if !isOptional, let (name, isAbsolute) = qualifiedName(of: place),
            let found = reference(name, isAbsolute: isAbsolute)
        {
            return found
        }
        let operand = check(operand)
        var type = fieldType(field, of: operand.type, at: place)
        if isOptional {
            if case .optional = type {} else { type = .optional(type) }
        }
        return Checked(plan: .select(operand.plan, field: field, isOptional: isOptional), type: type)
    }

    private mutating func fieldType(_ field: String, of operand: CELType, at place: Expression) -> CELType {
        let type = substitution.applied(to: operand)
        switch type {
        case .dyn, .error: return .dyn
        case .parameter:
            _ = agree(type, .dyn)
            return .dyn
        case .map(_, let value): return value
        case .optional(let inner):
            let found = fieldType(field, of: inner, at: place)
            if case .optional = found { return found }
            return .optional(found)
        case .object(let name):
            if let fields = environment.objects[name] {
                if let type = fields[field] { return type }
                report("undefined field '\(field)'", at: place)
                return .error
            }
        default: break
        }
        report("type '\(finalType(type))' does not support field selection", at: place)
        return .error
    }

    // MARK: Conditionals, lists and maps

    private mutating func conditional(
        _ condition: Expression, _ yes: Expression, _ no: Expression, at place: Expression
    ) -> Checked {
        let test = truth(condition)
        let yes = check(yes)
        let no = check(no)
        let result = CELType.parameter("T" + freshSuffix())
        if !agree(yes.type, result) || !agree(no.type, result) {
            let types = "(bool, \(finalType(yes.type)), \(finalType(no.type)))"
            report("found no matching overload for '_?_:_' applied to '\(types)'", at: place)
        }
        return Checked(plan: .conditional(test, yes.plan, no.plan), type: substitution.applied(to: result))
    }

    /// What an optional element or entry gives to its list or map.
    private mutating func contained(_ checked: Checked, isOptional: Bool, at place: Expression) -> CELType {
        guard isOptional else { return checked.type }
        switch substitution.applied(to: checked.type) {
        case .optional(let inner): return inner
        case .dyn, .error, .parameter: return .dyn
        case let other:
            report("expected type 'optional_type(dyn)' but found '\(finalType(other))'", at: place)
            return .error
        }
    }

    private mutating func join(_ known: CELType?, _ type: CELType, at place: Expression) -> CELType {
        guard let known else { return type }
        if agree(type, known) {
            let (a, b) = (substitution.applied(to: type), substitution.applied(to: known))
            return TypeSubstitution.isLessSpecific(a, than: b) ? a : b
        }
        if environment.options.homogeneousLiterals {
            report("expected type '\(finalType(known))' but found '\(finalType(type))'", at: place)
            return .error
        }
        return .dyn
    }

    private mutating func list(_ elements: [Expression.Element]) -> Checked {
        var plans: [Plan.Element] = []
        var type: CELType?
        for element in elements {
            let checked = check(element.value)
            plans.append(Plan.Element(value: checked.plan, isOptional: element.isOptional))
            let held = contained(checked, isOptional: element.isOptional, at: element.value)
            type = join(type, held, at: element.value)
        }
        return Checked(plan: Self.folded(plans), type: .list(type ?? .parameter("E" + freshSuffix())))
    }

    private mutating func map(_ entries: [Expression.Entry]) -> Checked {
        var plans: [Plan.Entry] = []
        var keyType: CELType?
        var valueType: CELType?
        for entry in entries {
            let key = check(entry.key)
            switch substitution.applied(to: key.type) {
            case .bool, .int, .uint, .string, .dyn, .error, .parameter: break
            case let type: report("unsupported key type: '\(finalType(type))'", at: entry.key)
            }
            keyType = join(keyType, key.type, at: entry.key)
            let value = check(entry.value)
            let held = contained(value, isOptional: entry.isOptional, at: entry.value)
            valueType = join(valueType, held, at: entry.value)
            plans.append(Plan.Entry(key: key.plan, value: value.plan, isOptional: entry.isOptional))
        }
        let suffix = freshSuffix()
        return Checked(
            plan: Self.folded(plans),
            type: .map(keyType ?? .parameter("K" + suffix), valueType ?? .parameter("V" + suffix)))
    }

    /// A list of constants is a constant, which costs nothing to evaluate (cel-go's OptOptimize).
    private static func folded(_ elements: [Plan.Element]) -> Plan {
        var values: [CELValue] = []
        for element in elements {
            guard case .constant(let value) = element.value, !element.isOptional else { return .list(elements) }
            values.append(value)
        }
        return .constant(.list(values))
    }

    private static func folded(_ entries: [Plan.Entry]) -> Plan {
        var result = CELMap()
        for entry in entries {
            guard case .constant(let key) = entry.key, case .constant(let value) = entry.value, !entry.isOptional,
                let key = CELMap.Key(exactly: key), result.insert(value, for: key)
            else { return .map(entries) }
        }
        return .constant(.map(result))
    }
}
