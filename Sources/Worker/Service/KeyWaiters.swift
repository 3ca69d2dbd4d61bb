// SPDX-License-Identifier: Apache-2.0

/// Who waits for issuers' keys: so many for each issuer at most, since a token that costs nothing (its key identifier is made
/// up) makes its request wait here. New keys make those due whom they may help, and they are judged a few at a time. Pure.
struct KeyWaiters<Waiter> {
    /// For each issuer, so that tokens of one cannot keep another's users out.
    static var maximum: Int { 256 }

    private struct Entry {
        let waiter: Waiter
        let issuer: Int
        let mark: UInt64
    }

    /// By their numbers, which grow with the time of their coming.
    private var entries: [UInt64: Entry] = [:]
    private var counts: [Int: Int] = [:]
    /// Those to be judged again, the next one last. Some may have left since.
    private var due: [UInt64] = []

    var count: Int { entries.count }
    var hasDue: Bool { !due.isEmpty }
    /// The issuers whose keys are waited for.
    var issuers: [Int] { counts.keys.sorted() }

    /// - Parameters:
    ///   - number: the waiter's own, greater than those before.
    ///   - mark: of the issuer's keys that could not decide.
    /// - Returns: false: as many wait for this issuer as may.
    mutating func add(_ waiter: Waiter, number: UInt64, issuer: Int, mark: UInt64) -> Bool {
        guard counts[issuer, default: 0] < Self.maximum else { return false }
        counts[issuer, default: 0] += 1
        entries[number] = Entry(waiter: waiter, issuer: issuer, mark: mark)
        return true
    }

    mutating func remove(_ number: UInt64) { _ = take(number) }

    private mutating func take(_ number: UInt64) -> Waiter? {
        guard let entry = entries.removeValue(forKey: number) else { return nil }
        let left = counts[entry.issuer, default: 1] - 1
        counts[entry.issuer] = left > 0 ? left : nil
        return entry.waiter
    }

    /// New keys are in force: those are due whose issuer's were fetched since.
    mutating func keysCame(mark: (Int) -> UInt64) {
        due = entries.filter { mark($0.value.issuer) != $0.value.mark }.keys.sorted(by: >)
    }

    /// The next one that is due, who then waits no longer.
    mutating func takeDue() -> Waiter? {
        while let number = due.popLast() {
            if let waiter = take(number) { return waiter }
        }
        return nil
    }
}
