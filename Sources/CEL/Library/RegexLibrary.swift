// SPDX-License-Identifier: Apache-2.0

/// Regular expressions: the language's `matches`, and Kubernetes' `find` and `findAll` (library/regex.go).
enum RegexLibrary {
    static var overloads: [Overload] {
        [
            .binary("find", isMember: true, .string, .string, to: .string) {
                (text: String, pattern: CELValue, meter: inout Meter) throws(CELError) in
                let expression = try expression(pattern, for: text, &meter)
                let bytes = Array(text.utf8)
                guard let range = expression.firstMatch(in: bytes) else { return .string("") }
                return .string(String(decoding: bytes[range], as: UTF8.self))
            },
            .binary("findAll", isMember: true, .string, .string, to: .list(.string)) {
                (text: String, pattern: CELValue, meter: inout Meter) throws(CELError) in
                try findAll(text, pattern, limit: .max, &meter)
            },
            .ternary("findAll", isMember: true, .string, .string, .int, to: .list(.string)) {
                (text: String, pattern: CELValue, limit: Int64, meter: inout Meter) throws(CELError) in
                try findAll(text, pattern, limit: limit < 0 ? .max : Int(clamping: limit), &meter)
            },
        ]
    }

    static func matches(_ text: String, _ pattern: CELValue, _ meter: inout Meter) throws(CELError) -> CELValue {
        .bool(try expression(pattern, for: text, &meter).firstMatch(in: Array(text.utf8)) != nil)
    }

    /// The expression compiled at load time, or one compiled now out of a computed string.
    private static func expression(
        _ pattern: CELValue, for text: String, _ meter: inout Meter
    ) throws(CELError) -> RE2Pattern {
        try meter.work(text.utf8.count)
        switch pattern {
        case .pattern(let compiled): return compiled.expression
        case .string(let source):
            // Compiling takes more than the text tells: a repetition of three digits makes a thousand copies.
            try meter.work(50_000 + source.utf8.count)
            guard let compiled = RE2Pattern(source, isComputed: true) else { throw .failed("not a regular expression") }
            return compiled
        default: throw .noSuchOverload
        }
    }

    /// Go's FindAllString: matches that do not overlap, empty ones only where none ended just before.
    private static func findAll(
        _ text: String, _ pattern: CELValue, limit: Int, _ meter: inout Meter
    ) throws(CELError) -> CELValue {
        let expression = try expression(pattern, for: text, &meter)
        let bytes = Array(text.utf8)
        var found: [CELValue] = []
        var start = 0
        var lastEnd = -1
        while found.count < limit, start <= bytes.count, let range = expression.firstMatch(in: bytes, from: start) {
            // Each search may go through all that is left.
            try meter.work(16 + (bytes.count - start) / 16)
            if !range.isEmpty || range.lowerBound != lastEnd {
                found.append(.string(String(decoding: bytes[range], as: UTF8.self)))
                lastEnd = range.upperBound
            }
            start = range.isEmpty ? range.upperBound + 1 : range.upperBound
            // Not into the middle of a code point.
            while range.isEmpty, start < bytes.count, bytes[start] & 0xC0 == 0x80 { start += 1 }
        }
        return .list(found)
    }
}
