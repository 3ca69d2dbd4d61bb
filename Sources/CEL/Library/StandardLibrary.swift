// SPDX-License-Identifier: Apache-2.0

/// The functions and operators of the language itself (langdef.md, "List of Standard Definitions").
enum StandardLibrary {
    static var types: [String: CELType] {
        var result: [String: CELType] = [:]
        for type in [
            CELType.bool, .int, .uint, .double, .string, .bytes, .null, .timestamp, .duration, .list(.dyn),
            .map(.dyn, .dyn), .type(.dyn),
        ] {
            result[type.name] = type
        }
        return result
    }

    static func overloads(crossTypeComparisons: Bool) -> [Overload] {
        operators + Arithmetic.overloads + comparisons(crossType: crossTypeComparisons) + sizes + strings
            + Conversions.overloads + TimeLibrary.overloads
    }

    private static var operators: [Overload] {
        [
            .unary("!_", .bool, to: .bool) { (a: Bool, _: inout Meter) throws(CELError) in .bool(!a) },
            .binary("_==_", .a, .a, to: .bool) { (a: CELValue, b: CELValue, meter: inout Meter) throws(CELError) in
                .bool(try Equality.equal(a, b, meter: &meter))
            },
            .binary("_!=_", .a, .a, to: .bool) { (a: CELValue, b: CELValue, meter: inout Meter) throws(CELError) in
                .bool(try !Equality.equal(a, b, meter: &meter))
            },
            .binary("@in", .a, .list(.a), to: .bool) {
                (a: CELValue, list: ListArgument, meter: inout Meter) throws(CELError) in
                for element in list.elements where try Equality.equal(a, element, meter: &meter) { return .bool(true) }
                return .bool(false)
            },
            .binary("@in", .a, .map(.a, .b), to: .bool) {
                (a: CELValue, map: CELMap, _: inout Meter) throws(CELError) in
                .bool(CELMap.Key(finding: a).map { map.contains($0) } ?? false)
            },
            index("_[_]", .list(.a), .int, to: .a, Selection.element),
            index("_[_]", .map(.a, .b), .a, to: .b, Selection.element),
            .unary("type", .a, to: .type(.a)) { (a: CELValue, _: inout Meter) throws(CELError) in .type(a.typeName) },
            .unary("dyn", .a, to: .dyn) { (a: CELValue, _: inout Meter) throws(CELError) in a },
        ]
    }

    /// Indexes may be of any kind of number at run time, which the declared type of an overload does not tell.
    static func index(
        _ function: String, _ operand: CELType, _ index: CELType, to result: CELType,
        _ body: @escaping @Sendable (CELValue, CELValue) throws(CELError) -> CELValue
    ) -> Overload {
        Overload(function: function, isMember: false, parameters: [operand, index], result: result, isGuarded: false) {
            (arguments: [CELValue], _: inout Meter) throws(CELError) -> CELValue in
            guard arguments.count == 2 else { throw .noSuchOverload }
            return try body(arguments[1], arguments[0])
        }
    }

    private static func comparisons(crossType: Bool) -> [Overload] {
        let tests: [(String, @Sendable (Ordering) -> Bool)] = [
            ("_<_", { $0 == .before }), ("_<=_", { $0 != .after }), ("_>_", { $0 == .after }),
            ("_>=_", { $0 != .before }),
        ]
        let kinds: [CELType] = [.bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration]
        var pairs = kinds.map { ($0, $0) }
        if crossType {
            for a in [CELType.int, .uint, .double] {
                for b in [CELType.int, .uint, .double] where a != b { pairs.append((a, b)) }
            }
        }
        return tests.flatMap { function, test in
            pairs.map { a, b in
                .binary(function, a, b, to: .bool) { (a: CELValue, b: CELValue, _: inout Meter) throws(CELError) in
                    // Without an order only NaN is left here.
                    .bool(Ordering.compare(a, b).map(test) ?? false)
                }
            }
        }
    }

    private static var sizes: [Overload] {
        [false, true].flatMap { isMember -> [Overload] in
            [
                .unary("size", isMember: isMember, .string, to: .int) { (a: String, _: inout Meter) throws(CELError) in
                    .int(Int64(Text.size(a)))
                },
                .unary("size", isMember: isMember, .bytes, to: .int) { (a: [UInt8], _: inout Meter) throws(CELError) in
                    .int(Int64(a.count))
                },
                .unary("size", isMember: isMember, .list(.a), to: .int) {
                    (a: ListArgument, _: inout Meter) throws(CELError) in .int(Int64(a.elements.count))
                },
                .unary("size", isMember: isMember, .map(.a, .b), to: .int) {
                    (a: CELMap, _: inout Meter) throws(CELError) in .int(Int64(a.count))
                },
            ]
        }
    }

    private static var strings: [Overload] {
        [
            .binary("contains", isMember: true, .string, .string, to: .bool) {
                (text: String, part: String, meter: inout Meter) throws(CELError) in
                try meter.work((text.utf8.count + part.utf8.count) / 16)
                return .bool(Text.firstIndex(of: Array(part.utf8), in: Array(text.utf8)) != nil)
            },
            .binary("startsWith", isMember: true, .string, .string, to: .bool) {
                (text: String, part: String, _: inout Meter) throws(CELError) in
                .bool(text.utf8.starts(with: part.utf8))
            },
            .binary("endsWith", isMember: true, .string, .string, to: .bool) {
                (text: String, part: String, _: inout Meter) throws(CELError) in
                .bool(text.utf8.count >= part.utf8.count && text.utf8.suffix(part.utf8.count).elementsEqual(part.utf8))
            },
            .binary("matches", isMember: true, .string, .string, to: .bool, RegexLibrary.matches),
            .binary("matches", .string, .string, to: .bool, RegexLibrary.matches),
        ]
    }
}
