// SPDX-License-Identifier: Apache-2.0

/// A parsed JSON text (RFC 8259), with what identity cares about kept: integers and reals apart, names exact.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits.
    case integer(Int64)
    case real(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// Parses one whole text. Duplicate members, invalid UTF-8, lone surrogates, and nesting beyond `maximumDepth`
    /// are refused, so that no two readers of a token can understand it differently (RFC 8725 section 2.4).
    static func parse(_ text: [UInt8], maximumDepth: Int = 16) throws(JSONError) -> JSONValue {
        var parser = JSONParser(text: text, maximumDepth: maximumDepth)
        return try parser.parseText()
    }
}

/// A JSON object; its members' names are compared byte for byte.
struct JSONObject: Equatable, Sendable {
    private(set) var members: [ExactName: JSONValue] = [:]

    subscript(name: String) -> JSONValue? { members[ExactName(string: name)] }

    var count: Int { members.count }

    /// Adds a member; false if the name is there already.
    mutating func insert(_ value: JSONValue, for name: String) -> Bool {
        members.updateValue(value, forKey: ExactName(string: name)) == nil
    }
}
