// SPDX-License-Identifier: Apache-2.0

/// What evaluation costs, in the units of cel-go's interpreter/runtimecost.go and Kubernetes' library/cost.go: one per
/// name, field and call, and for calls that go over their arguments a tenth per code point or element.
enum CallCost {
    /// A name or a field.
    static let selection: UInt64 = 1
    static let list: UInt64 = 10
    static let map: UInt64 = 30
    // One step of a macro costs what its expansion in cel-go does, besides its own expressions.
    /// `@not_strictly_false(accumulator)` and `accumulator && …`.
    static let allStep: UInt64 = 3
    /// `@not_strictly_false(!accumulator)` and `accumulator || …`.
    static let existsStep: UInt64 = 4
    /// `accumulator + [element]`.
    static let listStep: UInt64 = 12
    /// `cel.@mapInsert(accumulator, key, value)`.
    static let mapStep: UInt64 = 3
    /// `target.hasValue() ? optional.of(…) : optional.none()`.
    static let optionalMap: UInt64 = 3

    /// A tenth of a size, rounded up.
    private static func traversal(_ size: Int, times factor: Int = 1) -> UInt64 {
        let (product, overflow) = size.multipliedReportingOverflow(by: factor)
        return overflow ? .max : UInt64(product / 10 + (product % 10 == 0 ? 0 : 1))
    }

    /// cel-go's size: of text its code points, of bytes, lists and maps their number, of all others one.
    private static func size(_ value: CELValue) -> Int {
        switch value {
        case .string(let text): Text.size(text)
        case .pattern(let pattern): Text.size(pattern.source)
        case .bytes(let bytes): bytes.count
        case .list(let elements): elements.count
        case .map(let map): map.count
        default: 1
        }
    }

    /// The smaller of two sizes, found without going over the longer of two texts.
    private static func smallerSize(_ a: CELValue, _ b: CELValue) -> Int {
        guard case .string(let a) = a, case .string(let b) = b else { return min(size(a), size(b)) }
        let (short, long) = a.utf8.count <= b.utf8.count ? (a, b) : (b, a)
        let bound = Text.size(short)
        return long.unicodeScalars.prefix(bound).count
    }

    /// Kubernetes' cost of going over a list with all that its elements hold.
    private static func wholeTraversal(_ value: CELValue) -> UInt64 {
        switch value {
        case .string(let text): UInt64(text.utf8.count / 10)
        case .bytes(let bytes): UInt64(bytes.count / 10)
        case .list(let elements): elements.reduce(0) { saturatingSum($0, shallowTraversal($1)) }
        default: 1
        }
    }

    private static func shallowTraversal(_ value: CELValue) -> UInt64 {
        switch value {
        case .string(let text): UInt64(text.utf8.count / 10)
        case .bytes(let bytes): UInt64(bytes.count / 10)
        default: UInt64(size(value))
        }
    }

    private static func saturatingSum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }

    private static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? .max : product
    }

    /// The cost of a call that has been made.
    static func cost(of function: String, _ arguments: [CELValue], result: CELValue) -> UInt64 {
        guard let first = arguments.first else { return 1 }
        let isText =
            switch first {
            case .string, .bytes: true
            default: false
            }
        switch function {
        case "isSorted", "sum", "max", "min", "indexOf", "lastIndexOf": return wholeTraversal(first)
        case "url", "isURL", "lowerAscii", "upperAscii", "substring", "trim", "cidr", "isIP", "isCIDR", "quantity",
            "isQuantity", "semver", "isSemver":
            return traversal(size(first))
        case "ip": return isText ? traversal(size(first)) : 1
        case "replace", "split", "ip.isCanonical": return traversal(size(first), times: 2)
        case "join": return traversal(size(result), times: 2)
        case "matches", "find", "findAll": return regularExpression(arguments)
        case "validate" where arguments.count == 2:
            return product(traversal(size(arguments[1])), 64)
        case "sets.contains", "sets.intersects", "sets.equivalent":
            let pairs = product(UInt64(size(first)), UInt64(arguments.count > 1 ? size(arguments[1]) : 0))
            return function == "sets.equivalent" ? product(2, pairs) : pairs
        case "startsWith", "endsWith": return traversal(size(first))
        case "bytes", "string": return isText ? traversal(size(first)) : 1
        case "@in" where arguments.count == 2:
            if case .list(let elements) = arguments[1] { return UInt64(elements.count) }
            return 1
        case "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_":
            return traversal(arguments.count == 2 ? smallerSize(first, arguments[1]) : 1)
        case "_+_" where isText: return traversal(size(result))
        case "contains" where arguments.count == 2:
            return product(traversal(size(first)), traversal(size(arguments[1])))
        case "slice", "flatten", "lists.range", "reverse": return 1 + UInt64(size(result))
        case "distinct": return 1 + product(UInt64(size(first)), UInt64(size(first)))
        case "sort": return 1 + product(UInt64(size(first)), UInt64(Int.bitWidth - size(first).leadingZeroBitCount))
        default: return 1
        }
    }

    /// A text against a regular expression: their sizes multiplied, a quarter for each character of the expression.
    private static func regularExpression(_ arguments: [CELValue]) -> UInt64 {
        guard arguments.count >= 2 else { return 1 }
        let pattern = size(arguments[1])
        return product(traversal(size(arguments[0]) + 1), UInt64(pattern / 4 + (pattern % 4 == 0 ? 0 : 1)))
    }
}
