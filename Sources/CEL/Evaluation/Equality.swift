// SPDX-License-Identifier: Apache-2.0

/// CEL's equality (langdef.md, "Equality"): numbers are equal across their kinds, NaN equals nothing, values of other
/// different kinds are unequal.
enum Equality {
    /// How deep values may stand in one another. Input that is deeper is refused, so that no input exhausts the stack.
    static let depth = 200

    static func equal(_ left: CELValue, _ right: CELValue, meter: inout Meter) throws(CELError) -> Bool {
        try equal(left, right, depth: 0, meter: &meter)
    }

    private static func equal(
        _ left: CELValue, _ right: CELValue, depth: Int, meter: inout Meter
    ) throws(CELError) -> Bool {
        guard depth < Self.depth else { throw .failed("values stand too deep in one another") }
        try meter.work(1)
        switch (left, right) {
        case (.string(let a), .string(let b)):
            try meter.work(min(a.utf8.count, b.utf8.count) / 16)
            return Text.equal(a, b)
        case (.bytes(let a), .bytes(let b)):
            try meter.work(min(a.count, b.count) / 16)
            return a == b
        case (.list(let a), .list(let b)):
            guard a.count == b.count else { return false }
            for (x, y) in zip(a, b) {
                guard try equal(x, y, depth: depth + 1, meter: &meter) else { return false }
            }
            return true
        case (.map(let a), .map(let b)):
            guard a.count == b.count else { return false }
            for (key, x) in zip(a.keys, a.values) {
                guard let y = b[key], try equal(x, y, depth: depth + 1, meter: &meter) else { return false }
            }
            return true
        case (.object(let a), .object(let b)):
            guard a.typeName == b.typeName, a.fields.count == b.fields.count else { return false }
            for (name, x) in a.fields {
                guard let y = b.fields[name], try equal(x, y, depth: depth + 1, meter: &meter) else { return false }
            }
            return true
        case (.optional(let a), .optional(let b)):
            guard let a, let b else { return a == nil && b == nil }
            return try equal(a, b, depth: depth + 1, meter: &meter)
        case (.quantity(let a), .quantity(let b)): return a.compare(b) == .same
        case (.semver(let a), .semver(let b)): return a.compare(b) == .same
        case (.double, .double): return Ordering.compare(left, right) == .same
        case (.int, .uint), (.int, .double), (.uint, .int), (.uint, .double), (.double, .int), (.double, .uint):
            return Ordering.compare(left, right) == .same
        default: return left == right
        }
    }
}
