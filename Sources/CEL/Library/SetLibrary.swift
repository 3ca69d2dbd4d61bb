// SPDX-License-Identifier: Apache-2.0

/// cel-go's ext.Sets: lists as sets.
enum SetLibrary {
    static var overloads: [Overload] {
        [
            function("sets.contains") { (a, b, meter) throws(CELError) in try contains(a, b, &meter) },
            function("sets.equivalent") { (a, b, meter) throws(CELError) in
                guard try contains(a, b, &meter) else { return false }
                return try contains(b, a, &meter)
            },
            function("sets.intersects") { (a, b, meter) throws(CELError) in
                for element in b where try isIn(a, element, &meter) { return true }
                return false
            },
        ]
    }

    private static func function(
        _ name: String,
        _ body: @escaping @Sendable ([CELValue], [CELValue], inout Meter) throws(CELError) -> Bool
    ) -> Overload {
        .binary(name, .list(.a), .list(.a), to: .bool) {
            (a: ListArgument, b: ListArgument, meter: inout Meter) throws(CELError) in
            .bool(try body(a.elements, b.elements, &meter))
        }
    }

    private static func isIn(
        _ list: [CELValue], _ value: CELValue, _ meter: inout Meter
    ) throws(CELError) -> Bool {
        for element in list where try Equality.equal(element, value, meter: &meter) { return true }
        return false
    }

    private static func contains(
        _ list: [CELValue], _ sublist: [CELValue], _ meter: inout Meter
    ) throws(CELError) -> Bool {
        for element in sublist {
            guard try isIn(list, element, &meter) else { return false }
        }
        return true
    }
}
