// SPDX-License-Identifier: Apache-2.0

/// A type as the checker knows it.
package indirect enum CELType: Hashable, Sendable {
    /// Any type, decided at run time.
    case dyn
    case null
    case bool
    case int
    case uint
    case double
    case string
    case bytes
    case timestamp
    case duration
    case list(CELType)
    case map(CELType, CELType)
    case type(CELType)
    case optional(CELType)
    /// A declared object type or one of a library, by its name.
    case object(String)
    /// A type variable of an overload.
    case parameter(String)
    /// The type of what the checker has refused already: agrees with everything, so that one mistake is one issue.
    case error

    var isDynamic: Bool { self == .dyn || self == .error }

    static let ip = CELType.object("net.IP")
    static let cidr = CELType.object("net.CIDR")
    static let url = CELType.object("kubernetes.URL")
    static let quantity = CELType.object("kubernetes.Quantity")
    static let semver = CELType.object("kubernetes.Semver")
    static let format = CELType.object("kubernetes.NamedFormat")
    static let a = CELType.parameter("A")
    static let b = CELType.parameter("B")
}

extension CELType: CustomStringConvertible {
    package var description: String {
        switch self {
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .type(let type): "type(\(type))"
        case .optional(let type): "optional_type(\(type))"
        case .dyn: "dyn"
        case .error: "!error!"
        default: name
        }
    }

    /// The name without what it is a type of, as types are written in expressions.
    var name: String {
        switch self {
        case .dyn, .error: "dyn"
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .list: "list"
        case .map: "map"
        case .type: "type"
        case .optional: "optional_type"
        case .object(let name), .parameter(let name): name
        }
    }

    /// Whether a value may be of this type, by its kind alone: what a list or a map holds is not looked at.
    func admits(_ value: CELValue) -> Bool {
        switch (self, value) {
        case (.dyn, _), (.error, _), (.parameter, _): true
        case (.null, .null), (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double): true
        case (.string, .string), (.string, .pattern), (.bytes, .bytes), (.list, .list), (.map, .map): true
        case (.timestamp, .timestamp), (.duration, .duration), (.type, .type), (.optional, .optional): true
        case (.object(let name), _): name == value.typeName
        default: false
        }
    }
}
