// SPDX-License-Identifier: Apache-2.0

/// cel-go's ext.Math. `math.greatest` and `math.least` of more than two numbers come as a list (Checker+Calls).
enum MathLibrary {
    static var overloads: [Overload] {
        extreme("math.greatest", .after) + extreme("math.least", .before) + rounding + classes + signs + bits
    }

    private static func extreme(_ function: String, _ wanted: Ordering) -> [Overload] {
        @Sendable func best(_ values: [CELValue], _ meter: inout Meter) throws(CELError) -> CELValue {
            guard var best = values.first else { throw .failed("\(function)() argument must not be empty") }
            try meter.work(values.count)
            for value in values {
                switch value {
                case .int, .uint, .double: break
                default: throw .noSuchOverload
                }
                if Ordering.compare(value, best) == wanted { best = value }
            }
            return best
        }
        let numbers: [CELType] = [.int, .uint, .double]
        var result: [Overload] = []
        for type in numbers + [.dyn] {
            result.append(
                .unary(function, .list(type), to: type) { (list: ListArgument, meter: inout Meter) throws(CELError) in
                    try best(list.elements, &meter)
                })
        }
        for a in numbers {
            result.append(
                .unary(function, a, to: a) { (a: CELValue, meter: inout Meter) throws(CELError) in
                    try best([a], &meter)
                })
            for b in numbers {
                result.append(
                    .binary(function, a, b, to: a == b ? a : .dyn) {
                        (a: CELValue, b: CELValue, meter: inout Meter) throws(CELError) in try best([a, b], &meter)
                    })
            }
        }
        return result
    }

    private static func double(
        _ function: String, to result: CELType = .double, _ body: @escaping @Sendable (Double) -> CELValue
    ) -> Overload {
        .unary(function, .double, to: result) { (a: Double, _: inout Meter) throws(CELError) in body(a) }
    }

    private static var rounding: [Overload] {
        [
            double("math.ceil") { .double($0.rounded(.up)) },
            double("math.floor") { .double($0.rounded(.down)) },
            double("math.round") { .double($0.rounded(.toNearestOrAwayFromZero)) },
            double("math.trunc") { .double($0.rounded(.towardZero)) },
            double("math.sqrt") { .double($0.squareRoot()) },
            .unary("math.sqrt", .int, to: .double) { (a: Int64, _: inout Meter) throws(CELError) in
                .double(Double(a).squareRoot())
            },
            .unary("math.sqrt", .uint, to: .double) { (a: UInt64, _: inout Meter) throws(CELError) in
                .double(Double(a).squareRoot())
            },
        ]
    }

    private static var classes: [Overload] {
        [
            double("math.isNaN", to: .bool) { .bool($0.isNaN) },
            double("math.isInf", to: .bool) { .bool($0.isInfinite) },
            double("math.isFinite", to: .bool) { .bool($0.isFinite) },
        ]
    }

    private static var signs: [Overload] {
        [
            double("math.abs") { .double($0.magnitude) },
            .unary("math.abs", .int, to: .int) { (a: Int64, _: inout Meter) throws(CELError) in
                guard a != .min else { throw .overflow }
                return .int(abs(a))
            },
            .unary("math.abs", .uint, to: .uint) { (a: UInt64, _: inout Meter) throws(CELError) in .uint(a) },
            double("math.sign") { .double($0.isNaN ? $0 : $0 > 0 ? 1 : $0 < 0 ? -1 : 0) },
            .unary("math.sign", .int, to: .int) { (a: Int64, _: inout Meter) throws(CELError) in .int(a.signum()) },
            .unary("math.sign", .uint, to: .uint) { (a: UInt64, _: inout Meter) throws(CELError) in
                .uint(a == 0 ? 0 : 1)
            },
        ]
    }

    private static var bits: [Overload] {
        let operations: [(String, @Sendable (UInt64, UInt64) -> UInt64)] = [
            ("math.bitAnd", { $0 & $1 }), ("math.bitOr", { $0 | $1 }), ("math.bitXor", { $0 ^ $1 }),
        ]
        // Shifting an int right fills with zeros, so both kinds shift as their bits.
        let shifts: [(String, @Sendable (UInt64, Int64) -> UInt64)] = [
            ("math.bitShiftLeft", { $1 > 63 ? 0 : $0 << UInt64($1) }),
            ("math.bitShiftRight", { $1 > 63 ? 0 : $0 >> UInt64($1) }),
        ]
        return [
            .unary("math.bitNot", .int, to: .int) { (a: Int64, _: inout Meter) throws(CELError) in .int(~a) },
            .unary("math.bitNot", .uint, to: .uint) { (a: UInt64, _: inout Meter) throws(CELError) in .uint(~a) },
        ]
            + operations.flatMap { function, operation -> [Overload] in
                [
                    .binary(function, .int, .int, to: .int) {
                        (a: Int64, b: Int64, _: inout Meter) throws(CELError) in
                        .int(Int64(bitPattern: operation(UInt64(bitPattern: a), UInt64(bitPattern: b))))
                    },
                    .binary(function, .uint, .uint, to: .uint) {
                        (a: UInt64, b: UInt64, _: inout Meter) throws(CELError) in .uint(operation(a, b))
                    },
                ]
            }
            + shifts.flatMap { function, shift -> [Overload] in
                [
                    .binary(function, .int, .int, to: .int) {
                        (a: Int64, b: Int64, _: inout Meter) throws(CELError) in
                        guard b >= 0 else { throw .failed("\(function)() negative offset: \(b)") }
                        return .int(Int64(bitPattern: shift(UInt64(bitPattern: a), b)))
                    },
                    .binary(function, .uint, .int, to: .uint) {
                        (a: UInt64, b: Int64, _: inout Meter) throws(CELError) in
                        guard b >= 0 else { throw .failed("\(function)() negative offset: \(b)") }
                        return .uint(shift(a, b))
                    },
                ]
            }
    }
}
