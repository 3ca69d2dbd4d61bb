// SPDX-License-Identifier: Apache-2.0

/// Taking fields and elements out of values, through optionals too.
enum Selection {
    /// `operand.field`, or `operand.?field`: then the result is an optional. What is selected from an optional is one.
    static func field(_ field: String, of operand: CELValue, isOptional: Bool) throws(CELError) -> CELValue {
        if case .optional(let held) = operand {
            guard let held else { return .optional(nil) }
            return try wrapped(find(field, in: held))
        }
        let found = try find(field, in: operand)
        if isOptional { return wrapped(found) }
        guard let found else { throw .noSuchKey(field) }
        return found
    }

    static func has(_ field: String, in operand: CELValue, isOptional: Bool) throws(CELError) -> Bool {
        if case .optional(let held) = operand {
            guard let held else { return false }
            return try find(field, in: held) != nil
        }
        return try find(field, in: operand) != nil
    }

    private static func find(_ field: String, in operand: CELValue) throws(CELError) -> CELValue? {
        switch operand {
        case .map(let map): return map.find(.string(field))
        case .object(let object): return object.fields[field]
        default: throw .failed("type '\(operand.typeName)' does not support field selection")
        }
    }

    private static func wrapped(_ found: CELValue?) -> CELValue {
        if case .optional = found { return found ?? .optional(nil) }
        return .optional(found)
    }

    /// `operand[index]`.
    static func element(_ index: CELValue, of operand: CELValue) throws(CELError) -> CELValue {
        if case .optional(let held) = operand {
            guard let held else { return .optional(nil) }
            return .optional(try find(index, in: held))
        }
        if let found = try find(index, in: operand) { return found }
        if let key = CELMap.Key(finding: index), case .map = operand { throw .noSuchKey(key.shown) }
        throw .failed(operand.typeName == "list" ? "index out of bounds" : "no such key")
    }

    /// `operand[?index]`.
    static func optionalElement(_ index: CELValue, of operand: CELValue) throws(CELError) -> CELValue {
        if case .optional(let held) = operand {
            guard let held else { return .optional(nil) }
            return .optional(try find(index, in: held))
        }
        return .optional(try find(index, in: operand))
    }

    private static func find(_ index: CELValue, in operand: CELValue) throws(CELError) -> CELValue? {
        switch operand {
        case .list(let elements):
            let place: Int?
            switch index {
            case .int(let value): place = Int(exactly: value)
            case .uint(let value): place = Int(exactly: value) ?? .max
            case .double(let value):
                guard let exact = Int(exactly: value) else { throw .failed("unsupported index value") }
                place = exact
            default: throw .noSuchOverload
            }
            guard let place, elements.indices.contains(place) else { return nil }
            return elements[place]
        case .map(let map):
            switch index {
            case .bool, .int, .uint, .double, .string: break
            default: throw .failed("unsupported key type")
            }
            return CELMap.Key(finding: index).flatMap { map.find($0) }
        default: throw .noSuchOverload
        }
    }
}
