// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The raw requests of `$LYCHGATE_VECTORS/http1-requests` (gunicorn's parser tests, MIT), if they are there.
struct RequestVectors {
    struct Vector: CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        var testDescription: String { name }
    }

    /// The vectors of a folder (`valid` or `invalid`), by name; empty if they are not there.
    static func load(_ folder: String) -> [Vector] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)") else { return [] }
        return names.sorted().compactMap { name in
            guard name.hasSuffix(".http"), let data = FileManager.default.contents(atPath: "\(root)/\(folder)/\(name)")
            else { return nil }
            return Vector(name: String(name.dropLast(5)), bytes: unescape(Array(data)))
        }
    }

    static var areThere: Bool { FileManager.default.fileExists(atPath: root) }

    private static let root: String = {
        if let folder = ProcessInfo.processInfo.environment["LYCHGATE_VECTORS"] { return "\(folder)/http1-requests" }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return package.appendingPathComponent("../shared/vectors/http1-requests").standardized.path
    }()

    /// Drops line breaks and replaces what is written out: `\r`, `\n`, `\t`, `\0`, `\xHH`.
    private static func unescape(_ raw: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            index += 1
            if byte == 0x0A { continue }
            guard byte == UInt8(ascii: "\\"), index < raw.count else {
                bytes.append(byte)
                continue
            }
            switch raw[index] {
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "0"): bytes.append(0x00)
            case UInt8(ascii: "x") where index + 2 < raw.count:
                let digits = String(decoding: raw[index + 1...index + 2], as: UTF8.self)
                bytes.append(UInt8(digits, radix: 16) ?? 0x3F)
                index += 2
            default:
                bytes.append(byte)
                continue
            }
            index += 1
        }
        return bytes
    }
}
