// SPDX-License-Identifier: Apache-2.0

/// `format` of ext.Strings: "%s %d %f %e %b %o %x %X %%", as the specification's tests have it (version 4 of the library).
/// Kubernetes' version 2 prints the exponents of `%e` and the thousands of `%f` in the manner of English prose.
enum Formatter {
    /// Digits after the point that may be asked for.
    private static let precisions = 0...100

    static func format(_ text: String, _ arguments: [CELValue], _ meter: inout Meter) throws(CELError) -> String {
        try meter.work(text.utf8.count)
        var result = String.UnicodeScalarView()
        var rest = Text.scalars(text)[...]
        var used = 0
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.append(scalar)
                continue
            }
            if rest.first == "%" {
                rest.removeFirst()
                result.append("%")
                continue
            }
            let precision = try precision(&rest)
            guard let verb = rest.popFirst() else { throw .failed("could not parse formatting clause: unexpected end") }
            guard "sdfebxXo".unicodeScalars.contains(verb) else {
                throw .failed("could not parse formatting clause: unrecognized formatting clause \"\(verb)\"")
            }
            guard used < arguments.count else { throw .failed("index \(used) out of range") }
            let formatted = try clause(verb, arguments[used], precision: precision, &meter)
            used += 1
            try meter.work(formatted.utf8.count)
            result.append(contentsOf: formatted.unicodeScalars)
        }
        return String(result)
    }

    /// The digits of ".3", or nil if none are asked for.
    private static func precision(_ rest: inout ArraySlice<Unicode.Scalar>) throws(CELError) -> Int? {
        guard rest.first == "." else { return nil }
        rest.removeFirst()
        let digits = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(digits.count)
        guard let value = Int(Text.string(digits)), precisions.contains(value) else {
            throw .failed("could not parse formatting clause: invalid precision")
        }
        return value
    }

    private static func clause(
        _ verb: Unicode.Scalar, _ value: CELValue, precision: Int?, _ meter: inout Meter
    ) throws(CELError) -> String {
        switch verb {
        case "s": return try string(value, depth: 0, &meter)
        case "d":
            switch value {
            case .int(let number): return String(number)
            case .uint(let number): return String(number)
            case .double(let number) where !number.isFinite: return DecimalText.named(number)
            default: throw refusal("decimal clause can only be used on integers", value)
            }
        case "f", "e":
            let number: Double
            switch value {
            case .double(let double): number = double
            case .int(let int): number = Double(int)
            case .uint(let uint): number = Double(uint)
            default:
                throw refusal("\(verb == "f" ? "fixed-point" : "scientific") clause can only be used on doubles", value)
            }
            return verb == "f"
                ? DecimalText.fixed(number, precision: precision ?? 6)
                : DecimalText.scientific(number, precision: precision ?? 6)
        case "b":
            switch value {
            case .int(let number): return String(number, radix: 2)
            case .uint(let number): return String(number, radix: 2)
            case .bool(let isTrue): return isTrue ? "1" : "0"
            default: throw refusal("only integers and bools can be formatted as binary", value)
            }
        case "o":
            switch value {
            case .int(let number): return String(number, radix: 8)
            case .uint(let number): return String(number, radix: 8)
            default: throw refusal("octal clause can only be used on integers", value)
            }
        default: return try hexadecimal(value, isUpper: verb == "X")
        }
    }

    private static func refusal(_ message: String, _ value: CELValue) -> CELError {
        .failed("error during formatting: \(message), was given \(value.typeName)")
    }

    private static func hexadecimal(_ value: CELValue, isUpper: Bool) throws(CELError) -> String {
        func text(_ bytes: some Sequence<UInt8>) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: isUpper) }.joined()
        }
        switch value {
        case .int(let number): return String(number, radix: 16, uppercase: isUpper)
        case .uint(let number): return String(number, radix: 16, uppercase: isUpper)
        case .string(let string): return text(string.utf8)
        case .bytes(let bytes): return text(bytes)
        default: throw refusal("only integers, byte buffers, and strings can be formatted as hex", value)
        }
    }

    private static func string(_ value: CELValue, depth: Int, _ meter: inout Meter) throws(CELError) -> String {
        guard depth < Equality.depth else { throw .failed("values stand too deep in one another") }
        try meter.work(1)
        switch value {
        case .string(let text): return text
        case .bool(let isTrue): return String(isTrue)
        case .int(let number): return String(number)
        case .uint(let number): return String(number)
        case .double(let number): return DecimalText.plain(number)
        case .null: return "null"
        case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .timestamp(let timestamp): return timestamp.text
        case .duration(let duration): return duration.text
        case .type(let name): return name
        case .list(let elements):
            var parts: [String] = []
            for element in elements {
                let part = try string(element, depth: depth + 1, &meter)
                try meter.work(part.utf8.count)
                parts.append(part)
            }
            return "[" + parts.joined(separator: ", ") + "]"
        case .map(let map):
            var parts: [(key: String, value: String)] = []
            for (key, element) in zip(map.keys, map.values) {
                let part = try string(element, depth: depth + 1, &meter)
                try meter.work(part.utf8.count)
                parts.append((key: key.shown, value: part))
            }
            parts.sort { Text.precedes($0.key, $1.key) }
            return "{" + parts.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
        default:
            throw refusal(
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, "
                    + "and timestamps", value)
        }
    }
}
