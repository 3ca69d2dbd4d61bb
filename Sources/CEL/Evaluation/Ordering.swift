// SPDX-License-Identifier: Apache-2.0

/// CEL's order of values: within each ordered kind, and across the kinds of numbers by their exact values.
enum Ordering: Equatable, Sendable {
    case before
    case same
    case after

    init(_ comparison: Int) {
        self = comparison < 0 ? .before : comparison > 0 ? .after : .same
    }

    init<Value: Comparable>(_ a: Value, _ b: Value) {
        self = a < b ? .before : b < a ? .after : .same
    }

    var reversed: Ordering {
        switch self {
        case .before: .after
        case .same: .same
        case .after: .before
        }
    }

    /// As Kubernetes' `compareTo` functions give it.
    var number: CELValue {
        switch self {
        case .before: .int(-1)
        case .same: .int(0)
        case .after: .int(1)
        }
    }

    /// Nil if the two have no order: different kinds, unordered ones, or NaN.
    static func compare(_ left: CELValue, _ right: CELValue) -> Ordering? {
        switch (left, right) {
        case (.bool(let a), .bool(let b)): Ordering(a ? 1 : 0, b ? 1 : 0)
        case (.int(let a), .int(let b)): Ordering(a, b)
        case (.uint(let a), .uint(let b)): Ordering(a, b)
        case (.double(let a), .double(let b)): a.isNaN || b.isNaN ? nil : Ordering(a, b)
        case (.int(let a), .uint(let b)): compare(a, b)
        case (.uint(let a), .int(let b)): compare(b, a).reversed
        case (.double(let a), .int(let b)): compare(a, b)
        case (.int(let a), .double(let b)): compare(b, a)?.reversed
        case (.double(let a), .uint(let b)): compare(a, b)
        case (.uint(let a), .double(let b)): compare(b, a)?.reversed
        case (.string(let a), .string(let b)):
            Text.precedes(a, b) ? .before : Text.precedes(b, a) ? .after : .same
        case (.bytes(let a), .bytes(let b)):
            a.lexicographicallyPrecedes(b) ? .before : b.lexicographicallyPrecedes(a) ? .after : .same
        case (.timestamp(let a), .timestamp(let b)): Ordering(a, b)
        case (.duration(let a), .duration(let b)): Ordering(a.nanoseconds, b.nanoseconds)
        default: nil
        }
    }

    private static func compare(_ a: Int64, _ b: UInt64) -> Ordering {
        guard let a = UInt64(exactly: a) else { return .before }
        return Ordering(a, b)
    }

    /// As cel-go compares: numbers outside the integer's range by that, others as doubles.
    private static func compare(_ a: Double, _ b: Int64) -> Ordering? {
        if a.isNaN { return nil }
        if a < -0x1p63 { return .before }
        if a > 0x1p63 { return .after }
        return Ordering(a, Double(b))
    }

    private static func compare(_ a: Double, _ b: UInt64) -> Ordering? {
        if a.isNaN { return nil }
        if a < 0 { return .before }
        if a > 0x1p64 { return .after }
        return Ordering(a, Double(b))
    }
}
