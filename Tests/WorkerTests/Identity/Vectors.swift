// SPDX-License-Identifier: Apache-2.0

import Glibc

@testable import Worker

/// The public suites' vectors, kept beside the checkout: `$LYCHGATE_VECTORS`, or `../shared/vectors` beside the package's
/// root. Where they are absent, the tests that need them skip.
enum Vectors {
    static let missing = "conformance vectors are not at $LYCHGATE_VECTORS or ../shared/vectors: skipped"

    static let folder: String? = {
        if let path = unsafe getenv("LYCHGATE_VECTORS") { return unsafe String(cString: path) }
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let folder = "/" + root + "/../shared/vectors"
        return unsafe access(folder, R_OK) == 0 ? folder : nil
    }()

    static var arePresent: Bool { folder != nil }

    static func load(_ name: String) throws -> JSONValue {
        try JSONValue.parse(read((folder ?? "") + "/" + name), maximumDepth: 64)
    }

    static func read(_ path: String) -> [UInt8] {
        guard let file = unsafe fopen(path, "r") else { return [] }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}

extension JSONValue {
    subscript(name: String) -> JSONValue { object?[name] ?? .null }

    var elements: [JSONValue] { array ?? [] }

    var text: String { string ?? "" }

    /// The value written out again, for handing a part of a vector to something that reads JSON.
    var written: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .string(let value): Self.quoted(value)
        case .array(let values): "[" + values.map(\.written).joined(separator: ",") + "]"
        case .object(let object):
            "{"
                + object.members.map { Self.quoted($0.key.string) + ":" + $0.value.written }.joined(separator: ",")
                + "}"
        }
    }

    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            if scalar == "\"" || scalar == "\\" {
                text += "\\" + String(scalar)
            } else if scalar.value < 0x20 {
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            } else {
                text += String(scalar)
            }
        }
        return text + "\""
    }
}
