// SPDX-License-Identifier: Apache-2.0

/// One form of a function: the types it takes and yields, and what it does.
struct Overload: Sendable {
    typealias Body = @Sendable ([CELValue], inout Meter) throws(CELError) -> CELValue

    let function: String
    /// Called as `first.function(others)`.
    let isMember: Bool
    let parameters: [CELType]
    let result: CELType
    /// Whether the arguments' kinds must fit at run time; else the body decides.
    var isGuarded = true
    let body: Body

    /// Whether these arguments can be this overload's, by their kinds.
    func admits(_ arguments: [CELValue]) -> Bool {
        guard arguments.count == parameters.count else { return false }
        guard isGuarded else { return true }
        for (parameter, argument) in zip(parameters, arguments) {
            guard parameter.admits(argument) else { return false }
            // A list of a type is not one of another; an empty one is of any.
            if case .list(let element) = parameter, case .list(let elements) = argument, let first = elements.first {
                guard element.admits(first) else { return false }
            }
        }
        return true
    }
}

/// A value that Swift code takes as an overload's argument.
protocol Argument: SendableMetatype {
    static func from(_ value: CELValue) -> Self?
}

extension CELValue: Argument {
    static func from(_ value: CELValue) -> CELValue? { value }
}

extension Bool: Argument {
    static func from(_ value: CELValue) -> Bool? { if case .bool(let value) = value { value } else { nil } }
}

extension Int64: Argument {
    static func from(_ value: CELValue) -> Int64? { if case .int(let value) = value { value } else { nil } }
}

extension UInt64: Argument {
    static func from(_ value: CELValue) -> UInt64? { if case .uint(let value) = value { value } else { nil } }
}

extension Double: Argument {
    static func from(_ value: CELValue) -> Double? { if case .double(let value) = value { value } else { nil } }
}

extension String: Argument {
    static func from(_ value: CELValue) -> String? {
        switch value {
        case .string(let value): value
        case .pattern(let pattern): pattern.source
        default: nil
        }
    }
}

extension [UInt8]: Argument {
    static func from(_ value: CELValue) -> [UInt8]? { if case .bytes(let value) = value { value } else { nil } }
}

/// The elements of a list; a type of its own, since an array of bytes is something else.
struct ListArgument: Argument {
    let elements: [CELValue]

    static func from(_ value: CELValue) -> ListArgument? {
        if case .list(let elements) = value { ListArgument(elements: elements) } else { nil }
    }
}

extension CELMap: Argument {
    static func from(_ value: CELValue) -> CELMap? { if case .map(let value) = value { value } else { nil } }
}

extension CELTimestamp: Argument {
    static func from(_ value: CELValue) -> CELTimestamp? {
        if case .timestamp(let value) = value { value } else { nil }
    }
}

extension CELDuration: Argument {
    static func from(_ value: CELValue) -> CELDuration? { if case .duration(let value) = value { value } else { nil } }
}

extension Overload {
    /// An overload of one argument.
    static func unary<A: Argument>(
        _ function: String, isMember: Bool = false, _ a: CELType, to result: CELType, isGuarded: Bool = true,
        _ body: @escaping @Sendable (A, inout Meter) throws(CELError) -> CELValue
    ) -> Overload {
        Overload(function: function, isMember: isMember, parameters: [a], result: result, isGuarded: isGuarded) {
            (arguments: [CELValue], meter: inout Meter) throws(CELError) -> CELValue in
            guard arguments.count == 1, let a = A.from(arguments[0]) else { throw .noSuchOverload }
            return try body(a, &meter)
        }
    }

    /// An overload of two arguments.
    static func binary<A: Argument, B: Argument>(
        _ function: String, isMember: Bool = false, _ a: CELType, _ b: CELType, to result: CELType,
        _ body: @escaping @Sendable (A, B, inout Meter) throws(CELError) -> CELValue
    ) -> Overload {
        Overload(function: function, isMember: isMember, parameters: [a, b], result: result) {
            (arguments: [CELValue], meter: inout Meter) throws(CELError) -> CELValue in
            guard arguments.count == 2, let a = A.from(arguments[0]), let b = B.from(arguments[1]) else {
                throw .noSuchOverload
            }
            return try body(a, b, &meter)
        }
    }

    /// An overload of three arguments.
    static func ternary<A: Argument, B: Argument, C: Argument>(
        _ function: String, isMember: Bool = false, _ a: CELType, _ b: CELType, _ c: CELType, to result: CELType,
        _ body: @escaping @Sendable (A, B, C, inout Meter) throws(CELError) -> CELValue
    ) -> Overload {
        Overload(function: function, isMember: isMember, parameters: [a, b, c], result: result) {
            (arguments: [CELValue], meter: inout Meter) throws(CELError) -> CELValue in
            guard arguments.count == 3, let a = A.from(arguments[0]), let b = B.from(arguments[1]),
                let c = C.from(arguments[2])
            else { throw .noSuchOverload }
            return try body(a, b, c, &meter)
        }
    }
}
