// SPDX-License-Identifier: Apache-2.0

/// A strict recursive-descent parser of RFC 8259 for small untrusted texts (tokens, key sets, discovery documents).
///
/// Ours rather than a library's because the checks are the point: duplicate members, depth and encoding must be refused,
/// not repaired, and FoundationEssentials' decoder does not report duplicates.
struct JSONParser {
    private let text: [UInt8]
    private let maximumDepth: Int
    private var index = 0

    init(text: [UInt8], maximumDepth: Int) {
        self.text = text
        self.maximumDepth = maximumDepth
    }

    mutating func parseText() throws(JSONError) -> JSONValue {
        let value = try parseValue(depth: 0)
        skipWhitespace()
        guard index == text.count else { throw .syntax }
        return value
    }

    private func peek() -> UInt8? { index < text.count ? text[index] : nil }

    private mutating func skipWhitespace() {
        while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    private mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
        skipWhitespace()
        switch peek() {
        case UInt8(ascii: "{"):
            guard depth < maximumDepth else { throw .tooDeep }
            return try parseObject(depth: depth + 1)
        case UInt8(ascii: "["):
            guard depth < maximumDepth else { throw .tooDeep }
            return try parseArray(depth: depth + 1)
        case UInt8(ascii: "\""):
            return .string(try parseString())
        case UInt8(ascii: "t"):
            return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"):
            return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"):
            return try parseWord("null", .null)
        case .some:
            return try parseNumber()
        case nil:
            throw .syntax
        }
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in word.description.utf8 {
            guard take(byte) else { throw .syntax }
        }
        return value
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSONValue {
        var object = JSONObject()
        index += 1
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return .object(object) }
        while true {
            skipWhitespace()
            guard peek() == UInt8(ascii: "\"") else { throw .syntax }
            let name = try parseString()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw .syntax }
            let value = try parseValue(depth: depth)
            guard object.insert(value, for: name) else { throw .duplicateMember }
            skipWhitespace()
            if take(UInt8(ascii: "}")) { return .object(object) }
            guard take(UInt8(ascii: ",")) else { throw .syntax }
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> JSONValue {
        var values: [JSONValue] = []
        index += 1
        skipWhitespace()
        if take(UInt8(ascii: "]")) { return .array(values) }
        while true {
            values.append(try parseValue(depth: depth))
            skipWhitespace()
            if take(UInt8(ascii: "]")) { return .array(values) }
            guard take(UInt8(ascii: ",")) else { throw .syntax }
        }
    }

    private mutating func parseString() throws(JSONError) -> String {
        index += 1
        var bytes: [UInt8] = []
        while let byte = peek() {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: bytes, as: UTF8.self) else { throw .invalidUTF8 }
                return string
            case UInt8(ascii: "\\"):
                try parseEscape(into: &bytes)
            case 0..<0x20:
                throw .syntax
            default:
                bytes.append(byte)
            }
        }
        throw .syntax
    }

    private mutating func parseEscape(into bytes: inout [UInt8]) throws(JSONError) {
        guard let escape = peek() else { throw .syntax }
        index += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escape)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"): bytes.append(contentsOf: Array(String(Character(try parseScalar())).utf8))
        default: throw .syntax
        }
    }

    /// The scalar after `\u`; a high surrogate must be followed by an escaped low one.
    private mutating func parseScalar() throws(JSONError) -> Unicode.Scalar {
        let unit = try parseHex4()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw .invalidUTF8 }
        let low = try parseHex4()
        guard (0xDC00...0xDFFF).contains(low) else { throw .invalidUTF8 }
        let value = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else { throw .invalidUTF8 }
        return scalar
    }

    private mutating func parseHex4() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek() else { throw .syntax }
            index += 1
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw .syntax
            }
        }
        return value
    }

    private mutating func parseNumber() throws(JSONError) -> JSONValue {
        let start = index
        var isInteger = true
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try takeDigits() }
        if take(UInt8(ascii: ".")) {
            isInteger = false
            try takeDigits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try takeDigits()
        }
        let lexeme = String(decoding: text[start..<index], as: UTF8.self)
        if isInteger, let value = Int64(lexeme) { return .integer(value) }
        guard let value = Double(lexeme), value.isFinite else { throw .numberOutOfRange }
        return .real(value)
    }

    private mutating func takeDigits() throws(JSONError) {
        let start = index
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        guard index > start else { throw .syntax }
    }
}
