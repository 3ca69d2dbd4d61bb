// SPDX-License-Identifier: Apache-2.0

import Yams

/// What a YAML scalar means: YAML 1.2's core schema, so that `no` and `on` are strings, and never a surprise.
enum ScalarText: Equatable {
    case empty
    case boolean(Bool)
    case integer(Int)
    case number
    case string(String)

    init(_ scalar: Node.Scalar) {
        let isPlain = scalar.style == .plain && scalar.tag.description != "tag:yaml.org,2002:str"
        self = isPlain ? Self.plain(scalar.string) : .string(scalar.string)
    }

    private static func plain(_ text: String) -> ScalarText {
        switch text {
        case "", "~", "null", "Null", "NULL": .empty
        case "true", "True", "TRUE": .boolean(true)
        case "false", "False", "FALSE": .boolean(false)
        default:
            if let value = Int(text) {
                .integer(value)
            } else if Self.looksNumeric(text), Double(text) != nil {
                .number
            } else {
                .string(text)
            }
        }
    }

    /// Keeps out what `Double` reads and YAML does not: `nan`, `infinity`, hexadecimal.
    private static func looksNumeric(_ text: String) -> Bool {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "+-.eE".utf8.contains($0) }
            && text.utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// For messages: "the value is …".
    var name: String {
        switch self {
        case .empty: "empty"
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        }
    }
}
