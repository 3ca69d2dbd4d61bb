// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' lists library (library/lists.go).
enum KubernetesListLibrary {
    static var overloads: [Overload] {
        ordered + sums + [
            .binary("indexOf", isMember: true, .list(.a), .a, to: .int) {
                (list: ListArgument, value: CELValue, meter: inout Meter) throws(CELError) in
                for (place, element) in list.elements.enumerated()
                where try Equality.equal(element, value, meter: &meter) {
                    return .int(Int64(place))
                }
                return .int(-1)
            },
            .binary("lastIndexOf", isMember: true, .list(.a), .a, to: .int) {
                (list: ListArgument, value: CELValue, meter: inout Meter) throws(CELError) in
                for (place, element) in list.elements.enumerated().reversed()
                where try Equality.equal(element, value, meter: &meter) {
                    return .int(Int64(place))
                }
                return .int(-1)
            },
        ]
    }

    private static func extreme(
        _ function: String, _ wanted: Ordering, _ list: ListArgument, _ meter: inout Meter
    ) throws(CELError) -> CELValue {
        guard var best = list.elements.first else { throw .failed("\(function) called on empty list") }
        try meter.work(list.elements.count)
        for element in list.elements.dropFirst() {
            guard let ordering = Ordering.compare(element, best) else { throw .noSuchOverload }
            if ordering == wanted { best = element }
        }
        return best
    }

    private static var ordered: [Overload] {
        let types: [CELType] = [.int, .uint, .double, .bool, .string, .bytes, .duration, .timestamp]
        return types.flatMap { type -> [Overload] in
            [
                .unary("isSorted", isMember: true, .list(type), to: .bool) {
                    (list: ListArgument, meter: inout Meter) throws(CELError) in
                    try meter.work(list.elements.count)
                    for (a, b) in zip(list.elements, list.elements.dropFirst()) {
                        guard let ordering = Ordering.compare(a, b) else { throw .noSuchOverload }
                        if ordering == .after { return .bool(false) }
                    }
                    return .bool(true)
                },
                .unary("min", isMember: true, .list(type), to: type) {
                    (list: ListArgument, meter: inout Meter) throws(CELError) in
                    try extreme("min", .before, list, &meter)
                },
                .unary("max", isMember: true, .list(type), to: type) {
                    (list: ListArgument, meter: inout Meter) throws(CELError) in
                    try extreme("max", .after, list, &meter)
                },
            ]
        }
    }

    private static func sum(
        _ type: CELType, _ zero: CELValue,
        _ add: @escaping @Sendable (CELValue, CELValue) throws(CELError) -> CELValue
    ) -> Overload {
        .unary("sum", isMember: true, .list(type), to: type) {
            (list: ListArgument, meter: inout Meter) throws(CELError) in
            try meter.work(list.elements.count)
            var total = zero
            for element in list.elements { total = try add(total, element) }
            return total
        }
    }

    private static var sums: [Overload] {
        [
            sum(.int, .int(0)) { (a, b) throws(CELError) in
                guard case .int(let a) = a, case .int(let b) = b else { throw .noSuchOverload }
                let (sum, overflow) = a.addingReportingOverflow(b)
                guard !overflow else { throw .overflow }
                return .int(sum)
            },
            sum(.uint, .uint(0)) { (a, b) throws(CELError) in
                guard case .uint(let a) = a, case .uint(let b) = b else { throw .noSuchOverload }
                let (sum, overflow) = a.addingReportingOverflow(b)
                guard !overflow else { throw .overflow }
                return .uint(sum)
            },
            sum(.double, .double(0)) { (a, b) throws(CELError) in
                guard case .double(let a) = a, case .double(let b) = b else { throw .noSuchOverload }
                return .double(a + b)
            },
            sum(.duration, .duration(CELDuration(nanoseconds: 0))) { (a, b) throws(CELError) in
                guard case .duration(let a) = a, case .duration(let b) = b else { throw .noSuchOverload }
                return .duration(try a.adding(b))
            },
        ]
    }
}
