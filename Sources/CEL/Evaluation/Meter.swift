// SPDX-License-Identifier: Apache-2.0

/// Counts what an evaluation costs, and ends it at its limit.
///
/// Two counts. `cost` is Kubernetes' own (CallCost): deterministic, the same for the same expression and input, but blind
/// to some work, such as what joining lists copies. `work` counts elements and bytes touched or made, and has a limit
/// that follows from the cost's, so that nothing the cost does not see can run away.
struct Meter: Sendable {
    /// Work allowed for each unit of the cost limit.
    static let workPerCost = 10

    let limit: UInt64
    private(set) var cost: UInt64 = 0
    private let workLimit: Int
    private var worked = 0

    init(limit: UInt64) {
        self.limit = limit
        let (product, overflow) = limit.multipliedReportingOverflow(by: UInt64(Self.workPerCost))
        workLimit = overflow ? .max : Int(clamping: product)
    }

    mutating func charge(_ units: UInt64) throws(CELError) {
        let (sum, overflow) = cost.addingReportingOverflow(units)
        guard !overflow, sum <= limit else { throw .costLimitExceeded }
        cost = sum
    }

    /// To be called before the work is done.
    mutating func work(_ units: Int) throws(CELError) {
        let (sum, overflow) = worked.addingReportingOverflow(max(0, units))
        guard !overflow, sum <= workLimit else { throw .costLimitExceeded }
        worked = sum
    }

    /// What any function may do with a text it is given, such as counting its code points or hashing it, even where its
    /// cost is one.
    mutating func work(onTextOf value: CELValue) throws(CELError) {
        switch value {
        case .string(let text): try work(text.utf8.count / 16)
        case .bytes(let bytes): try work(bytes.count / 16)
        default: break
        }
    }

    /// Likewise, for work of a product of two sizes.
    mutating func work(_ units: Int, times factor: Int) throws(CELError) {
        let (product, overflow) = units.multipliedReportingOverflow(by: factor)
        try work(overflow ? .max : product)
    }
}
