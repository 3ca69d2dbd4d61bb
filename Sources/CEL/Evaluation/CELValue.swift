// SPDX-License-Identifier: Apache-2.0

/// A value of an expression or of its input.
///
/// `==` is identity of kind and content, for tests and tables; CEL's own equality, across the kinds of numbers, is
/// `Equality`.
package indirect enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([CELValue])
    case map(CELMap)
    case timestamp(CELTimestamp)
    case duration(CELDuration)
    /// A type as a value, by its name.
    case type(String)
    case optional(CELValue?)
    /// A value of a declared object type, such as Kubernetes' UserInfo.
    case object(CELObject)
    /// A value of one of Kubernetes' libraries.
    case ip(IPAddress)
    case cidr(IPPrefix)
    case url(URLReference)
    case quantity(Quantity)
    case semver(SemanticVersion)
    case format(NamedFormat)
    /// A regular expression compiled at load time, in place of the literal that was its source.
    case pattern(CompiledPattern)

    /// The name of the value's type, as `type()` and error messages have it.
    package var typeName: String {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string, .pattern: "string"
        case .bytes: "bytes"
        case .list: "list"
        case .map: "map"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .type: "type"
        case .optional: "optional_type"
        case .object(let object): object.typeName
        case .ip: "net.IP"
        case .cidr: "net.CIDR"
        case .url: "kubernetes.URL"
        case .quantity: "kubernetes.Quantity"
        case .semver: "kubernetes.Semver"
        case .format: "kubernetes.NamedFormat"
        }
    }
}

extension CELValue: Equatable {
    package static func == (left: CELValue, right: CELValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.uint(let a), .uint(let b)): a == b
        case (.double(let a), .double(let b)): a == b || (a.isNaN && b.isNaN)
        case (.string(let a), .string(let b)): Text.equal(a, b)
        case (.bytes(let a), .bytes(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.map(let a), .map(let b)): a == b
        case (.timestamp(let a), .timestamp(let b)): a == b
        case (.duration(let a), .duration(let b)): a == b
        case (.type(let a), .type(let b)): a == b
        case (.optional(let a), .optional(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        case (.ip(let a), .ip(let b)): a == b
        case (.cidr(let a), .cidr(let b)): a == b
        case (.url(let a), .url(let b)): a == b
        case (.quantity(let a), .quantity(let b)): a == b
        case (.semver(let a), .semver(let b)): a == b
        case (.format(let a), .format(let b)): a == b
        case (.pattern(let a), .pattern(let b)): a == b
        default: false
        }
    }
}

/// A value of a declared object type: the fields that are present.
package struct CELObject: Equatable, Sendable {
    package let typeName: String
    package let fields: [String: CELValue]

    package init(typeName: String, fields: [String: CELValue]) {
        self.typeName = typeName
        self.fields = fields
    }
}
