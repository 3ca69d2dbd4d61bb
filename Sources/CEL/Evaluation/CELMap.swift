// SPDX-License-Identifier: Apache-2.0

/// A map in the order its entries were put in, so that iteration and printing are the same in each run.
package struct CELMap: Sendable {
    /// What may be a map's key. An int and a uint of the same number are the same key, and strings are the same by their
    /// code points: Swift's own string equality would take canonically equivalent claims for one.
    package enum Key: Sendable {
        case bool(Bool)
        case int(Int64)
        case uint(UInt64)
        case string(String)
    }

    /// How expressions look names up. Iteration and equality always see the names as they are.
    package enum Lookup: Sendable {
        case exact
        /// Names may be written escaped (`example__dot__org`); one that is no escape stands for itself.
        case unescaped
        /// All names are taken for escaped; one that is no escape finds nothing.
        case unescapedOnly
    }

    package private(set) var keys: [Key] = []
    package private(set) var values: [CELValue] = []
    private var places: [Key: Int] = [:]
    private let lookup: Lookup

    package init(lookup: Lookup = .exact) {
        self.lookup = lookup
    }

    package var count: Int { keys.count }
    package var isEmpty: Bool { keys.isEmpty }

    package subscript(key: Key) -> CELValue? {
        places[key].map { values[$0] }
    }

    /// What a selection or an index finds.
    func find(_ key: Key) -> CELValue? {
        guard lookup != .exact, case .string(let name) = key else { return self[key] }
        if let meant = EscapedName.unescape(name) { return self[.string(meant)] }
        return lookup == .unescaped ? self[key] : nil
    }

    /// What `in` says.
    func contains(_ key: Key) -> Bool {
        (lookup == .unescapedOnly ? find(key) : self[key]) != nil
    }

    /// Puts an entry in; false if the key is there already, and then nothing changes.
    @discardableResult
    package mutating func insert(_ value: CELValue, for key: Key) -> Bool {
        guard places[key] == nil else { return false }
        places[key] = keys.count
        keys.append(key)
        values.append(value)
        return true
    }
}

extension CELMap: ExpressibleByDictionaryLiteral {
    /// Later entries of an equal key are left out.
    package init(dictionaryLiteral elements: (Key, CELValue)...) {
        self.init()
        for (key, value) in elements { insert(value, for: key) }
    }
}

extension CELMap: Equatable {
    package static func == (left: CELMap, right: CELMap) -> Bool {
        guard left.count == right.count else { return false }
        for (key, value) in zip(left.keys, left.values) where right[key] != value { return false }
        return true
    }
}

extension CELMap.Key: Hashable {
    package static func == (left: CELMap.Key, right: CELMap.Key) -> Bool {
        switch (left, right) {
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.uint(let a), .uint(let b)): a == b
        case (.int(let a), .uint(let b)), (.uint(let b), .int(let a)): UInt64(exactly: a) == b
        case (.string(let a), .string(let b)): Text.equal(a, b)
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .bool(let value): hasher.combine(value)
        case .int(let value): hasher.combine(UInt64(bitPattern: value))
        case .uint(let value): hasher.combine(value)
        case .string(let value):
            // Eight bytes at a time: one by one the hasher takes several times as long.
            var word: UInt64 = 0
            var count: UInt64 = 0
            for byte in value.utf8 {
                word = word << 8 | UInt64(byte)
                count += 1
                if count % 8 == 0 { hasher.combine(word) }
            }
            hasher.combine(word)
            hasher.combine(count)
        }
    }
}

extension CELMap.Key: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
}

extension CELMap.Key {
    package var value: CELValue {
        switch self {
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .uint(let value): .uint(value)
        case .string(let value): .string(value)
        }
    }

    /// The key that a value is when an entry is put in: no doubles. Nil if it can be none.
    init?(exactly value: CELValue) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = .uint(value)
        case .string(let value): self = .string(value)
        default: return nil
        }
    }

    /// The key that a value finds: a double finds the integer it equals. Nil if it can find none.
    init?(finding value: CELValue) {
        if case .double(let number) = value {
            if let int = Int64(exactly: number) {
                self = .int(int)
            } else if let uint = UInt64(exactly: number) {
                self = .uint(uint)
            } else {
                return nil
            }
        } else {
            self.init(exactly: value)
        }
    }

    /// How an error message shows the key.
    var shown: String {
        switch self {
        case .bool(let value): String(value)
        case .int(let value): String(value)
        case .uint(let value): String(value)
        case .string(let value): value
        }
    }
}
