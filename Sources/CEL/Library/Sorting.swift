// SPDX-License-Identifier: Apache-2.0

/// Sorting by keys of one ordered kind, for `sort` and `sortBy`.
enum Sorting {
    /// Stable. The keys are as many as the values.
    static func sorted(_ values: [CELValue], by keys: [CELValue], meter: inout Meter) throws(CELError) -> [CELValue] {
        guard let first = keys.first else { return [] }
        for key in keys {
            guard key.typeName == first.typeName else { throw .failed("list elements must have the same type") }
        }
        guard Ordering.compare(first, first) != nil || first.typeName == "double" else {
            throw .failed("list elements must be comparable")
        }
        let logarithm = Int.bitWidth - keys.count.leadingZeroBitCount
        try meter.work(keys.count, times: logarithm)
        let order = keys.indices.sorted { a, b in
            switch Ordering.compare(keys[a], keys[b]) {
            case .before: true
            case .after: false
            case .same, nil: a < b
            }
        }
        return order.map { values[$0] }
    }
}
