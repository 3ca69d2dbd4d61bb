// SPDX-License-Identifier: Apache-2.0

/// Walks a plan. Its depth is bounded by the parser, its work by the meter.
struct Evaluator {
    let bindings: [String: CELValue]
    var meter: Meter
    /// Values of the macros' variables, the innermost last.
    var locals: [CELValue] = []

    init(bindings: [String: CELValue], limit: UInt64) {
        self.bindings = bindings
        meter = Meter(limit: limit)
    }

    mutating func evaluate(_ plan: Plan) throws(CELError) -> CELValue {
        switch plan {
        case .constant(let value): return value
        case .variable(let name):
            try meter.charge(CallCost.selection)
            guard let value = bindings[name] else { throw .failed("no such attribute: \(name)") }
            return value
        case .local(let place):
            try meter.charge(CallCost.selection)
            return locals[place]
        case .select(let operand, let field, let isOptional):
            let operand = try evaluate(operand)
            try meter.charge(CallCost.selection)
            return try Selection.field(field, of: operand, isOptional: isOptional)
        case .presence(let operand, let field, let isOptional):
            return .bool(try Selection.has(field, in: try evaluate(operand), isOptional: isOptional))
        case .call(let function, let overloads, let arguments): return try call(function, overloads, arguments)
        case .and(let operands): return try conjunction(operands)
        case .or(let operands): return try disjunction(operands)
        case .conditional(let condition, let yes, let no):
            guard case .bool(let isTrue) = try evaluate(condition) else { throw .noSuchOverload }
            return try evaluate(isTrue ? yes : no)
        case .list(let elements): return try list(elements)
        case .map(let entries): return try map(entries)
        case .fold(let fold): return try evaluate(fold)
        case .failure(let message): throw .failed(message)
        }
    }

    private mutating func call(
        _ function: String, _ overloads: [Overload], _ plans: [Plan]
    ) throws(CELError) -> CELValue {
        var arguments: [CELValue] = []
        arguments.reserveCapacity(plans.count)
        for plan in plans {
            let argument = try evaluate(plan)
            try meter.work(onTextOf: argument)
            arguments.append(argument)
        }
        for overload in overloads where overload.admits(arguments) {
            let result = try overload.body(arguments, &meter)
            try meter.charge(CallCost.cost(of: function, arguments, result: result))
            return result
        }
        throw .noSuchOverload
    }

    // MARK: Logic

    /// False if an operand is, whatever errors the others meet; an error that no operand absorbs is the result.
    private mutating func conjunction(_ operands: [Plan]) throws(CELError) -> CELValue {
        var failure: CELError?
        for operand in operands {
            guard let value = try absorbing(operand, &failure) else { continue }
            if !value { return .bool(false) }
        }
        if let failure { throw failure }
        return .bool(true)
    }

    private mutating func disjunction(_ operands: [Plan]) throws(CELError) -> CELValue {
        var failure: CELError?
        for operand in operands {
            guard let value = try absorbing(operand, &failure) else { continue }
            if value { return .bool(true) }
        }
        if let failure { throw failure }
        return .bool(false)
    }

    /// A truth value, or nil and the first error so far. Running out of budget is not absorbed.
    mutating func absorbing(_ plan: Plan, _ failure: inout CELError?) throws(CELError) -> Bool? {
        do throws(CELError) {
            guard case .bool(let value) = try evaluate(plan) else { throw .noSuchOverload }
            return value
        } catch {
            guard error.isAbsorbable else { throw error }
            if failure == nil { failure = error }
            return nil
        }
    }

    // MARK: Literals

    private mutating func list(_ elements: [Plan.Element]) throws(CELError) -> CELValue {
        var values: [CELValue] = []
        for element in elements {
            let value = try evaluate(element.value)
            guard element.isOptional else {
                values.append(value)
                continue
            }
            guard case .optional(let held) = value else { throw .noSuchOverload }
            if let held { values.append(held) }
        }
        try meter.charge(CallCost.list)
        return .list(values)
    }

    private mutating func map(_ entries: [Plan.Entry]) throws(CELError) -> CELValue {
        var result = CELMap()
        for entry in entries {
            let keyValue = try evaluate(entry.key)
            try meter.work(onTextOf: keyValue)
            var value = try evaluate(entry.value)
            guard let key = CELMap.Key(exactly: keyValue) else { throw .failed("unsupported key type") }
            if entry.isOptional {
                guard case .optional(let held) = value else { throw .noSuchOverload }
                guard let held else { continue }
                value = held
            }
            guard result.insert(value, for: key) else { throw .failed("failed with repeated key") }
        }
        try meter.charge(CallCost.map)
        return .map(result)
    }
}
