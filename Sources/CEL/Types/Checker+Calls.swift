// SPDX-License-Identifier: Apache-2.0

extension Checker {
    mutating func call(
        _ function: String, _ target: Expression?, _ arguments: [Expression], isAbsolute: Bool, at place: Expression
    ) -> Checked {
        guard let target else {
            for candidate in environment.candidates(for: function, isAbsolute: isAbsolute) {
                if let overloads = environment.functions[candidate] {
                    return call(candidate, overloads.filter { !$0.isMember }, arguments, isMember: false, at: place)
                }
            }
            return undeclared(function, arguments, at: place)
        }
        if let (space, isAbsolute) = qualifiedName(of: target) {
            for candidate in environment.candidates(for: space + "." + function, isAbsolute: isAbsolute) {
                if let overloads = environment.functions[candidate]?.filter({ !$0.isMember }), !overloads.isEmpty {
                    return call(candidate, overloads, arguments, isMember: false, at: place)
                }
            }
        }
        guard let overloads = environment.functions[function] else {
            return undeclared(function, [target] + arguments, at: place)
        }
        return call(function, overloads.filter(\.isMember), [target] + arguments, isMember: true, at: place)
    }

    private mutating func undeclared(_ function: String, _ arguments: [Expression], at place: Expression) -> Checked {
        for argument in arguments { _ = check(argument) }
        return refuse("undeclared reference to '\(function)' (in container '\(environment.container)')", at: place)
    }

    private mutating func call(
        _ function: String, _ overloads: [Overload], _ arguments: [Expression], isMember: Bool, at place: Expression
    ) -> Checked {
        var arguments = arguments
        // ext.Math's macros take any number of arguments: more than two are a list.
        if (function == "math.greatest" || function == "math.least") && arguments.count > 2 {
            return variadic(function, overloads, arguments, at: place)
        }
        let checked = arguments.map { check($0) }
        arguments = compiledLiterals(function, arguments)
        let plans = zip(arguments, checked).map { argument, checked in
            if case .literal(.pattern) = argument.kind { return check(argument).plan }
            return checked.plan
        }
        guard let (chosen, result) = choose(among: overloads, for: checked.map(\.type)) else {
            report(
                "found no matching overload for '\(function)' applied to '\(shown(checked, isMember: isMember))'",
                at: place)
            return Checked(plan: .call(function: function, overloads: overloads, arguments: plans), type: .error)
        }
        return Checked(
            plan: .call(function: function, overloads: isStrict ? chosen : overloads, arguments: plans), type: result)
    }

    private mutating func variadic(
        _ function: String, _ overloads: [Overload], _ arguments: [Expression], at place: Expression
    ) -> Checked {
        let elements = arguments.map { Plan.Element(value: check($0).plan, isOptional: false) }
        return Checked(plan: .call(function: function, overloads: overloads, arguments: [.list(elements)]), type: .dyn)
    }

    private func shown(_ arguments: [Checked], isMember: Bool) -> String {
        let types = arguments.map { finalType($0.type).description }
        guard isMember else { return "(" + types.joined(separator: ", ") + ")" }
        return types[0] + ".(" + types.dropFirst().joined(separator: ", ") + ")"
    }

    /// The overloads that these types allow, and what the call yields: dyn if they yield different things.
    private mutating func choose(among overloads: [Overload], for types: [CELType]) -> ([Overload], CELType)? {
        var chosen: [Overload] = []
        var result: CELType?
        let before = substitution
        for overload in overloads where overload.parameters.count == types.count {
            let suffix = freshSuffix()
            // Each overload is tried on what is known before the call; the first that fits leaves its bindings behind.
            var trial = before
            var isFit = true
            for (type, parameter) in zip(types, overload.parameters) where isFit {
                isFit = trial.isAssignable(type, to: parameter.renamed(suffix))
            }
            guard isFit else { continue }
            let yielded = trial.applied(to: overload.result.renamed(suffix))
            chosen.append(overload)
            if let known = result {
                if known != yielded { result = .dyn }
            } else {
                result = yielded
                // The overload's own variables are of no use later, unless a type is still open that depends on them.
                if yielded.isOpen || types.contains(where: { before.applied(to: $0).isOpen }) { substitution = trial }
            }
        }
        return result.map { (chosen, $0) }
    }

    // MARK: Literals that are checked at load time

    /// Durations, timestamps and regular expressions written as literals must be ones (cel-go's validators), and
    /// regular expressions are compiled once.
    private mutating func compiledLiterals(_ function: String, _ arguments: [Expression]) -> [Expression] {
        func literal(_ place: Int) -> (String, Expression)? {
            guard arguments.indices.contains(place), case .literal(.string(let text)) = arguments[place].kind else {
                return nil
            }
            return (text, arguments[place])
        }
        switch function {
        case "duration":
            if let (text, place) = literal(0), CELDuration(text) == nil {
                report("invalid duration argument", at: place)
            }
        case "timestamp":
            if let (text, place) = literal(0), CELTimestamp(text) == nil {
                report("invalid timestamp argument", at: place)
            }
        case "matches", "find", "findAll":
            guard let (text, place) = literal(1) else { return arguments }
            guard let pattern = RE2Pattern(text) else {
                report("invalid \(function) argument: not a regular expression", at: place)
                return arguments
            }
            var compiled = arguments
            compiled[1] = Expression(
                kind: .literal(.pattern(CompiledPattern(expression: pattern))), position: place.position, depth: 1)
            return compiled
        default: break
        }
        return arguments
    }
}
