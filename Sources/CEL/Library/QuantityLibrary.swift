// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' quantity library (library/quantity.go).
enum QuantityLibrary {
    static var overloads: [Overload] {
        [
            .unary("quantity", .string, to: .quantity) { (text: String, _: inout Meter) throws(CELError) in
                guard let quantity = Quantity(text) else { throw .failed("string is no quantity") }
                return .quantity(quantity)
            },
            .unary("isQuantity", .string, to: .bool) { (text: String, _: inout Meter) throws(CELError) in
                .bool(Quantity(text) != nil)
            },
            .unary("sign", isMember: true, .quantity, to: .int) { (a: Quantity, _: inout Meter) throws(CELError) in
                .int(a.signum)
            },
            .unary("isInteger", isMember: true, .quantity, to: .bool) {
                (a: Quantity, _: inout Meter) throws(CELError) in .bool(a.integer != nil)
            },
            .unary("asInteger", isMember: true, .quantity, to: .int) {
                (a: Quantity, _: inout Meter) throws(CELError) in
                guard let integer = a.integer else { throw .failed("cannot convert value to integer") }
                return .int(integer)
            },
            .unary("asApproximateFloat", isMember: true, .quantity, to: .double) {
                (a: Quantity, _: inout Meter) throws(CELError) in .double(a.approximation)
            },
            .binary("isGreaterThan", isMember: true, .quantity, .quantity, to: .bool) {
                (a: Quantity, b: Quantity, _: inout Meter) throws(CELError) in .bool(a.compare(b) == .after)
            },
            .binary("isLessThan", isMember: true, .quantity, .quantity, to: .bool) {
                (a: Quantity, b: Quantity, _: inout Meter) throws(CELError) in .bool(a.compare(b) == .before)
            },
            .binary("compareTo", isMember: true, .quantity, .quantity, to: .int) {
                (a: Quantity, b: Quantity, _: inout Meter) throws(CELError) in a.compare(b).number
            },
            .binary("add", isMember: true, .quantity, .quantity, to: .quantity) {
                (a: Quantity, b: Quantity, _: inout Meter) throws(CELError) in .quantity(try a.adding(b))
            },
            .binary("add", isMember: true, .quantity, .int, to: .quantity) {
                (a: Quantity, b: Int64, _: inout Meter) throws(CELError) in .quantity(try a.adding(Quantity(b)))
            },
            .binary("sub", isMember: true, .quantity, .quantity, to: .quantity) {
                (a: Quantity, b: Quantity, _: inout Meter) throws(CELError) in .quantity(try a.subtracting(b))
            },
            .binary("sub", isMember: true, .quantity, .int, to: .quantity) {
                (a: Quantity, b: Int64, _: inout Meter) throws(CELError) in .quantity(try a.subtracting(Quantity(b)))
            },
        ]
    }
}

extension Quantity: Argument {
    static func from(_ value: CELValue) -> Quantity? { if case .quantity(let value) = value { value } else { nil } }
}
