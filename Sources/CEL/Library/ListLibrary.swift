// SPDX-License-Identifier: Apache-2.0

/// cel-go's ext.Lists, but for `sortBy`, which is a macro.
enum ListLibrary {
    /// What `sort` can sort.
    static let comparable: [CELType] = [.int, .uint, .double, .bool, .duration, .timestamp, .string, .bytes]

    private static let longestRange: Int64 = 10_000_000

    static var overloads: [Overload] {
        let list = CELType.list(.a)
        return [
            .ternary("slice", isMember: true, list, .int, .int, to: list) {
                (a: ListArgument, start: Int64, end: Int64, meter: inout Meter) throws(CELError) in
                guard start >= 0, end >= 0 else { throw .failed("cannot slice: negative indexes not supported") }
                guard start <= end else { throw .failed("cannot slice: start must not be after end") }
                guard end <= Int64(a.elements.count) else { throw .failed("cannot slice: end is beyond the list") }
                try meter.work(Int(end - start))
                return .list(Array(a.elements[Int(start)..<Int(end)]))
            },
            .unary("flatten", isMember: true, .list(list), to: list, isGuarded: false) {
                (a: ListArgument, meter: inout Meter) throws(CELError) in
                .list(try flattened(a.elements, depth: 1, &meter))
            },
            .binary("flatten", isMember: true, .list(.dyn), .int, to: .list(.dyn)) {
                (a: ListArgument, depth: Int64, meter: inout Meter) throws(CELError) in
                guard depth >= 0 else { throw .failed("level must be non-negative") }
                return .list(try flattened(a.elements, depth: min(depth, Int64(Equality.depth)), &meter))
            },
            .unary("lists.range", .int, to: .list(.int)) { (count: Int64, meter: inout Meter) throws(CELError) in
                guard count >= 0 else { throw .failed("lists.range: size must be non-negative") }
                guard count <= longestRange else { throw .failed("lists.range: size exceeds maximum allowed") }
                try meter.work(Int(count))
                return .list((0..<count).map { .int($0) })
            },
            .unary("reverse", isMember: true, list, to: list) {
                (a: ListArgument, meter: inout Meter) throws(CELError) in
                try meter.work(a.elements.count)
                return .list(a.elements.reversed())
            },
            .unary("distinct", isMember: true, list, to: list) {
                (a: ListArgument, meter: inout Meter) throws(CELError) in
                var found: [CELValue] = []
                outer: for element in a.elements {
                    for known in found where try Equality.equal(known, element, meter: &meter) { continue outer }
                    found.append(element)
                }
                return .list(found)
            },
        ]
            + comparable.map { type in
                .unary("sort", isMember: true, .list(type), to: .list(type)) {
                    (a: ListArgument, meter: inout Meter) throws(CELError) in
                    .list(try Sorting.sorted(a.elements, by: a.elements, meter: &meter))
                }
            }
    }

    private static func flattened(
        _ elements: [CELValue], depth: Int64, _ meter: inout Meter
    ) throws(CELError) -> [CELValue] {
        var result: [CELValue] = []
        for element in elements {
            try meter.work(1)
            if case .list(let inner) = element, depth > 0 {
                let flat = try flattened(inner, depth: depth - 1, &meter)
                try meter.work(flat.count)
                result += flat
            } else {
                result.append(element)
            }
        }
        return result
    }
}
