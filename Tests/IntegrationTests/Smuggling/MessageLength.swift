// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How long the request at the front of some bytes is: RFC 9112 as narrowly as it can be read, written apart from the
/// gateway's own reader.
enum MessageLength: Equatable {
    case incomplete
    case whole(Int)
    case unreadable

    static func of(_ bytes: [UInt8]) -> MessageLength {
        guard let headEnd = find([13, 10, 13, 10], in: bytes, from: 0) else {
            return bytes.count > 200_000 ? .unreadable : .incomplete
        }
        let lines = String(decoding: bytes[..<headEnd], as: UTF8.self).components(separatedBy: "\r\n")
        guard let first = lines.first, first.hasSuffix(" HTTP/1.1"), first.split(separator: " ").count == 3,
            !lines.contains(where: { $0.contains("\r") || $0.contains("\n") || $0.hasPrefix(" ") || $0.hasPrefix("\t") }
            )
        else { return .unreadable }
        let names = lines.dropFirst().map { $0.prefix { $0 != ":" }.lowercased() }
        let lengths = values("content-length", lines)
        let codings = values("transfer-encoding", lines)
        guard names.count(where: { $0 == "host" }) == 1, lengths.count + codings.count <= 1 else { return .unreadable }
        let body = headEnd + 4
        if let length = lengths.first {
            guard let count = Int(length), "\(count)" == length else { return .unreadable }
            return bytes.count >= body + count ? .whole(body + count) : .incomplete
        }
        guard let coding = codings.first else { return .whole(body) }
        return coding == "chunked" ? chunks(bytes, from: body) : .unreadable
    }

    private static func chunks(_ bytes: [UInt8], from start: Int) -> MessageLength {
        var index = start
        while true {
            guard let end = find([13, 10], in: bytes, from: index) else { return .incomplete }
            guard let size = Int(String(decoding: bytes[index..<end], as: UTF8.self), radix: 16), size >= 0 else {
                return .unreadable
            }
            index = end + 2
            if size == 0 { break }
            guard bytes.count >= index + size + 2 else { return .incomplete }
            guard bytes[index + size] == 13, bytes[index + size + 1] == 10 else { return .unreadable }
            index += size + 2
        }
        while true {
            guard let end = find([13, 10], in: bytes, from: index) else { return .incomplete }
            if end == index { return .whole(end + 2) }
            index = end + 2
        }
    }

    private static func values(_ name: String, _ lines: [String]) -> [String] {
        lines.filter { $0.lowercased().hasPrefix(name + ":") }.map { line in
            String(line.dropFirst(name.count + 1).drop { $0 == " " })
        }
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + pattern.count <= bytes.count {
            if bytes[index] == pattern[0], bytes[index..<index + pattern.count].elementsEqual(pattern) { return index }
            index += 1
        }
        return nil
    }
}
