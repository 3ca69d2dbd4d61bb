// SPDX-License-Identifier: Apache-2.0

/// cel-go's OptionalTypes, but for its macros, which are folds.
enum OptionalLibrary {
    static var overloads: [Overload] {
        let optional = CELType.optional(.a)
        return [
            .unary("optional.of", .a, to: optional) { (a: CELValue, _: inout Meter) throws(CELError) in .optional(a) },
            .unary("optional.ofNonZeroValue", .a, to: optional) { (a: CELValue, _: inout Meter) throws(CELError) in
                .optional(isZero(a) ? nil : a)
            },
            Overload(function: "optional.none", isMember: false, parameters: [], result: optional) {
                (_: [CELValue], _: inout Meter) throws(CELError) in .optional(nil)
            },
            .unary("hasValue", isMember: true, optional, to: .bool) { (a: CELValue, _: inout Meter) throws(CELError) in
                .bool(try held(a) != nil)
            },
            .unary("value", isMember: true, optional, to: .a) { (a: CELValue, _: inout Meter) throws(CELError) in
                guard let value = try held(a) else { throw .failed("optional.none() dereference") }
                return value
            },
            .binary("or", isMember: true, optional, optional, to: optional) {
                (a: CELValue, b: CELValue, _: inout Meter) throws(CELError) in try held(a) == nil ? b : a
            },
            .binary("orValue", isMember: true, optional, .a, to: .a) {
                (a: CELValue, b: CELValue, _: inout Meter) throws(CELError) in try held(a) ?? b
            },
            .unary("optional.unwrap", .list(optional), to: .list(.a), unwrapped),
            .unary("unwrapOpt", isMember: true, .list(optional), to: .list(.a), unwrapped),
            StandardLibrary.index("_[_]", .optional(.list(.a)), .int, to: optional, Selection.element),
            StandardLibrary.index("_[_]", .optional(.map(.a, .b)), .a, to: .optional(.b), Selection.element),
            StandardLibrary.index("_[?_]", .list(.a), .int, to: optional, Selection.optionalElement),
            StandardLibrary.index("_[?_]", .map(.a, .b), .a, to: .optional(.b), Selection.optionalElement),
            StandardLibrary.index("_[?_]", .optional(.list(.a)), .int, to: optional, Selection.optionalElement),
            StandardLibrary.index("_[?_]", .optional(.map(.a, .b)), .a, to: .optional(.b), Selection.optionalElement),
        ]
    }

    private static func held(_ value: CELValue) throws(CELError) -> CELValue? {
        guard case .optional(let held) = value else { throw .noSuchOverload }
        return held
    }

    private static func unwrapped(_ list: ListArgument, _ meter: inout Meter) throws(CELError) -> CELValue {
        try meter.work(list.elements.count)
        var values: [CELValue] = []
        for element in list.elements {
            if let value = try held(element) { values.append(value) }
        }
        return .list(values)
    }

    /// What a default-initialised value would be (cel-go's Zeroer).
    private static func isZero(_ value: CELValue) -> Bool {
        switch value {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .uint(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .list(let elements): elements.isEmpty
        case .map(let map): map.isEmpty
        case .object(let object): object.fields.isEmpty
        case .duration(let value): value.nanoseconds == 0
        case .optional(let held): held == nil
        default: false
        }
    }
}
