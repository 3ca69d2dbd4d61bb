// SPDX-License-Identifier: Apache-2.0

/// `+ - * / %` and unary minus. Integers overflow into errors, doubles into infinities.
enum Arithmetic {
    static var overloads: [Overload] { integers + doubles + joining + times }

    private static func integer<Number: FixedWidthInteger & Argument & Sendable>(
        _ type: CELType, _ value: @escaping @Sendable (Number) -> CELValue
    ) -> [Overload] {
        func exact(
            _ function: String, _ operation: @escaping @Sendable (Number, Number) -> (Number, Bool)
        ) -> Overload {
            .binary(function, type, type, to: type) { (a: Number, b: Number, _: inout Meter) throws(CELError) in
                let (result, overflow) = operation(a, b)
                guard !overflow else { throw .overflow }
                return value(result)
            }
        }
        return [
            exact("_+_") { a, b in a.addingReportingOverflow(b) },
            exact("_-_") { a, b in a.subtractingReportingOverflow(b) },
            exact("_*_") { a, b in a.multipliedReportingOverflow(by: b) },
            .binary("_/_", type, type, to: type) { (a: Number, b: Number, _: inout Meter) throws(CELError) in
                guard b != 0 else { throw .divisionByZero }
                let (result, overflow) = a.dividedReportingOverflow(by: b)
                guard !overflow else { throw .overflow }
                return value(result)
            },
            .binary("_%_", type, type, to: type) { (a: Number, b: Number, _: inout Meter) throws(CELError) in
                guard b != 0 else { throw .failed("modulus by zero") }
                let (result, overflow) = a.remainderReportingOverflow(dividingBy: b)
                guard !overflow else { throw .overflow }
                return value(result)
            },
        ]
    }

    private static var integers: [Overload] {
        integer(.int) { (number: Int64) in .int(number) } + integer(.uint) { (number: UInt64) in .uint(number) } + [
            .unary("-_", .int, to: .int) { (a: Int64, _: inout Meter) throws(CELError) in
                guard a != .min else { throw .overflow }
                return .int(-a)
            }
        ]
    }

    private static var doubles: [Overload] {
        let operations: [(String, @Sendable (Double, Double) -> Double)] = [
            ("_+_", { $0 + $1 }), ("_-_", { $0 - $1 }), ("_*_", { $0 * $1 }), ("_/_", { $0 / $1 }),
        ]
        return operations.map { function, operation in
            .binary(function, .double, .double, to: .double) {
                (a: Double, b: Double, _: inout Meter) throws(CELError) in
                .double(operation(a, b))
            }
        } + [.unary("-_", .double, to: .double) { (a: Double, _: inout Meter) throws(CELError) in .double(-a) }]
    }

    private static var joining: [Overload] {
        [
            .binary("_+_", .string, .string, to: .string) {
                (a: String, b: String, meter: inout Meter) throws(CELError) in
                try meter.work(a.utf8.count + b.utf8.count)
                return .string(a + b)
            },
            .binary("_+_", .bytes, .bytes, to: .bytes) {
                (a: [UInt8], b: [UInt8], meter: inout Meter) throws(CELError) in
                try meter.work(a.count + b.count)
                return .bytes(a + b)
            },
            .binary("_+_", .list(.a), .list(.a), to: .list(.a)) {
                (a: ListArgument, b: ListArgument, meter: inout Meter) throws(CELError) in
                try meter.work(a.elements.count + b.elements.count)
                return .list(a.elements + b.elements)
            },
        ]
    }

    private static var times: [Overload] {
        [
            .binary("_+_", .timestamp, .duration, to: .timestamp) {
                (a: CELTimestamp, b: CELDuration, _: inout Meter) throws(CELError) in .timestamp(try a.adding(b))
            },
            .binary("_+_", .duration, .timestamp, to: .timestamp) {
                (a: CELDuration, b: CELTimestamp, _: inout Meter) throws(CELError) in .timestamp(try b.adding(a))
            },
            .binary("_+_", .duration, .duration, to: .duration) {
                (a: CELDuration, b: CELDuration, _: inout Meter) throws(CELError) in .duration(try a.adding(b))
            },
            .binary("_-_", .timestamp, .duration, to: .timestamp) {
                (a: CELTimestamp, b: CELDuration, _: inout Meter) throws(CELError) in .timestamp(try a.subtracting(b))
            },
            .binary("_-_", .timestamp, .timestamp, to: .duration) {
                (a: CELTimestamp, b: CELTimestamp, _: inout Meter) throws(CELError) in .duration(try a.subtracting(b))
            },
            .binary("_-_", .duration, .duration, to: .duration) {
                (a: CELDuration, b: CELDuration, _: inout Meter) throws(CELError) in .duration(try a.subtracting(b))
            },
        ]
    }
}
