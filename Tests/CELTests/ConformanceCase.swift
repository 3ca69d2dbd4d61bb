// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

@testable import CEL

/// One case of the CEL specification's conformance tests: `$LYCHGATE_VECTORS/cel-conformance.json`, its format described
/// in the README beside it.
struct ConformanceCase: Decodable, Sendable {
    let file: String
    let section: String
    let name: String
    let expr: String
    let container: String
    let bindings: [String: ConformanceValue]
    let value: ConformanceValue?
    let error: String?

    var id: String { "\(file)/\(section)/\(name)" }
}

/// A value as the vectors write it: `{"int": "42"}`, `{"list": […]}`, `{"map": [[key, value], …]}`.
struct ConformanceValue: Decodable, Sendable {
    let value: CELValue

    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        guard let key = container.allKeys.first else { throw Malformed() }
        func text() throws -> String { try container.decode(String.self, forKey: key) }
        switch key.stringValue {
        case "null": value = .null
        case "bool": value = .bool(try container.decode(Bool.self, forKey: key))
        case "int": value = .int(try Self.required(Int64(try text())))
        case "uint": value = .uint(try Self.required(UInt64(try text())))
        case "double": value = .double(try Self.required(Double(try text())))
        case "string": value = .string(try text())
        case "bytes": value = .bytes(Array(try Self.required(Data(base64Encoded: try text()))))
        case "type": value = .type(try text())
        case "list": value = .list(try container.decode([ConformanceValue].self, forKey: key).map(\.value))
        case "map":
            var map = CELMap()
            for entry in try container.decode([[ConformanceValue]].self, forKey: key) {
                map.insert(entry[1].value, for: try Self.required(CELMap.Key(exactly: entry[0].value)))
            }
            value = .map(map)
        default: throw Malformed()
        }
    }

    private static func required<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw Malformed() }
        return value
    }

    private struct Malformed: Error {}
}
