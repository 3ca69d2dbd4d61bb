// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The raw requests of `$LYCHGATE_VECTORS/http1-requests` (gunicorn's parser tests, MIT), if they are there.
package struct RequestVectors {
    package struct Vector: Sendable, CustomStringConvertible {
        package let name: String
        package let bytes: [UInt8]
        package var description: String { name }
    }

    /// What the suite calls valid and we refuse even with a Host, and for which rule: the name of the fault.
    package static let policies: [String: String] = [
        // A fragment in the target.
        "005": "invalid-target", "009": "invalid-target",
        // Other transfer codings than chunked, and several.
        "025": "invalid-transfer-encoding", "025_line": "invalid-transfer-encoding", "029": "invalid-transfer-encoding",
        "030": "invalid-transfer-encoding", "rfc9112_smuggle_gzip_chunked_01": "invalid-transfer-encoding",
        "rfc9112_smuggle_te_identity_chunked_01": "invalid-transfer-encoding",
        // A trailer that says what the content is (RFC 9110 section 6.5.1).
        "012": "forbidden-trailer",
        // Bytes beyond ASCII in the target.
        "027": "invalid-target",
        // A space before the colon.
        "028": "invalid-field-name",
        // Twins of framing fields.
        "040": "underscored-field", "040_compat": "underscored-field",
        // Folded fields.
        "compat_obs_fold": "folded-field", "compat_obs_fold_huge": "folded-field",
        // The PROXY protocol, for which there is a setting in gunicorn.
        "pp_01": "invalid-request-line", "pp_02": "invalid-request-line", "pp_04": "empty-start-line",
        "pp_05": "empty-start-line",
        // User information in an absolute-form.
        "rfc9112_target_absolute_userinfo_01": "invalid-target",
        // CONNECT.
        "rfc9112_target_authority_connect_01": "unsupported-method",
        "rfc9112_target_authority_ipv6_01": "unsupported-method",
    ]

    /// What the suite refuses because of a setting that it runs with, and we accept once there is a Host.
    package static let settings: Set<String> = [
        // Methods that are tokens, if unusual ones.
        "003c",
        // Limits set very low.
        "006", "007", "008", "009", "010", "011", "012", "017", "limit_header_default_01",
        // Contradicting X-Forwarded-… fields, which we drop.
        "019",
    ]

    /// Those of the invalid ones that end before their message does, so that nothing can be said of them but by a deadline.
    package static let unfinished: Set<String> = [
        "001", "pp_01", "pp_02", "pp_03", "rfc9112_chunked_missing_final_crlf_01",
    ]

    /// The vectors of a folder (`valid` or `invalid`), by name; empty if they are not there.
    package static func load(_ folder: String) -> [Vector] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)") else { return [] }
        return names.sorted().compactMap { name in
            guard name.hasSuffix(".http"), let data = FileManager.default.contents(atPath: "\(root)/\(folder)/\(name)")
            else { return nil }
            return Vector(name: String(name.dropLast(5)), bytes: unescape(Array(data)))
        }
    }

    package static var areThere: Bool { FileManager.default.fileExists(atPath: root) }

    private static let root: String = {
        if let folder = ProcessInfo.processInfo.environment["LYCHGATE_VECTORS"] { return "\(folder)/http1-requests" }
        return URL(filePath: Harness.root).appending(path: "../shared/vectors/http1-requests").standardized.path
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

    /// The same with a Host behind each request line that has none, and with `more` there in any case.
    package static func completed(_ bytes: [UInt8], with more: String = "") -> [UInt8] {
        let text = String(decoding: bytes, as: Unicode.ASCII.self)
        let lines = (text.contains("Host:") && !text.contains("PROXY") ? "" : "Host: example.com\r\n") + more
        guard !lines.isEmpty else { return bytes }
        var out: [UInt8] = []
        var line: [UInt8] = []
        var hasLength = false
        for byte in bytes {
            out.append(byte)
            line.append(byte)
            guard byte == 0x0A else { continue }
            let words = line.split(separator: 0x20)
            // What follows may be a body that only looks like a request.
            if words.first?.elementsEqual("Content-Length:".utf8) == true { hasLength = true }
            if !hasLength, words.count >= 3, words.last?.starts(with: "HTTP/".utf8) == true, line.count >= 2,
                line[line.count - 2] == 0x0D
            {
                out += lines.utf8
            }
            line = []
        }
        return out
    }
}
