// SPDX-License-Identifier: Apache-2.0

/// cel-go's ext.Strings. Indexes count code points.
enum StringLibrary {
    static var overloads: [Overload] { searching + cutting + making }

    /// Since version 3.
    static var reverse: [Overload] {
        [
            .unary("reverse", isMember: true, .string, to: .string) {
                (text: String, meter: inout Meter) throws(CELError) in
                try meter.work(text.utf8.count)
                return .string(Text.string(text.unicodeScalars.reversed()))
            }
        ]
    }

    private static func place(_ index: Int64, upTo count: Int) throws(CELError) -> Int {
        guard index >= 0, index <= Int64(count) else { throw .failed("index out of range: \(index)") }
        return Int(index)
    }

    private static var searching: [Overload] {
        [
            .binary("charAt", isMember: true, .string, .int, to: .string) {
                (text: String, index: Int64, meter: inout Meter) throws(CELError) in
                try meter.work(text.utf8.count / 16)
                let place = try place(index, upTo: Text.size(text))
                return .string(Text.string(text.unicodeScalars.dropFirst(place).prefix(1)))
            },
            .binary("indexOf", isMember: true, .string, .string, to: .int) {
                (text: String, part: String, meter: inout Meter) throws(CELError) in
                try indexOf(text, part, 0, &meter)
            },
            .ternary("indexOf", isMember: true, .string, .string, .int, to: .int, indexOf),
            .binary("lastIndexOf", isMember: true, .string, .string, to: .int) {
                (text: String, part: String, meter: inout Meter) throws(CELError) in
                try lastIndexOf(text, part, Int64(Text.size(text)), &meter)
            },
            .ternary("lastIndexOf", isMember: true, .string, .string, .int, to: .int, lastIndexOf),
        ]
    }

    private static func indexOf(
        _ text: String, _ part: String, _ start: Int64, _ meter: inout Meter
    ) throws(CELError) -> CELValue {
        try meter.work(text.utf8.count + part.utf8.count)
        let whole = Text.scalars(text)
        let start = try place(start, upTo: whole.count)
        return .int(Int64(Text.firstIndex(of: Text.scalars(part), in: whole, from: start) ?? -1))
    }

    private static func lastIndexOf(
        _ text: String, _ part: String, _ start: Int64, _ meter: inout Meter
    ) throws(CELError) -> CELValue {
        try meter.work(text.utf8.count + part.utf8.count)
        let whole = Text.scalars(text)
        let start = try place(start, upTo: whole.count)
        return .int(Int64(Text.lastIndex(of: Text.scalars(part), in: whole, from: start) ?? -1))
    }

    private static var cutting: [Overload] {
        [
            .binary("substring", isMember: true, .string, .int, to: .string) {
                (text: String, start: Int64, meter: inout Meter) throws(CELError) in
                try substring(text, start, Int64(Text.size(text)), &meter)
            },
            .ternary("substring", isMember: true, .string, .int, .int, to: .string, substring),
            .unary("trim", isMember: true, .string, to: .string) {
                (text: String, meter: inout Meter) throws(CELError) in
                try meter.work(text.utf8.count)
                let scalars = Text.scalars(text)
                let start = scalars.firstIndex { !$0.properties.isWhitespace } ?? scalars.count
                let end = scalars.lastIndex { !$0.properties.isWhitespace } ?? start - 1
                return .string(Text.string(start <= end ? scalars[start...end] : []))
            },
            .binary("split", isMember: true, .string, .string, to: .list(.string)) {
                (text: String, separator: String, meter: inout Meter) throws(CELError) in
                try split(text, separator, -1, &meter)
            },
            .ternary("split", isMember: true, .string, .string, .int, to: .list(.string), split),
        ]
    }

    private static func substring(
        _ text: String, _ start: Int64, _ end: Int64, _ meter: inout Meter
    ) throws(CELError) -> CELValue {
        try meter.work(text.utf8.count / 4)
        let count = Text.size(text)
        let first = try place(start, upTo: count)
        let last = try place(end, upTo: count)
        guard first <= last else { throw .failed("invalid substring range. start: \(start), end: \(end)") }
        return .string(Text.string(text.unicodeScalars.dropFirst(first).prefix(last - first)))
    }

    /// The byte ranges of what stands between separators, at most `limit` of them; an empty separator parts all code
    /// points.
    private static func pieces(_ text: [UInt8], _ separator: [UInt8], limit: Int) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = 0
        while pieces.count + 1 < limit {
            var end: Int
            if separator.isEmpty {
                guard start < text.count else { break }
                end = start + 1
                while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
                if end == text.count { break }
            } else {
                guard let found = Text.firstIndex(of: separator, in: text, from: start) else { break }
                end = found
            }
            pieces.append(start..<end)
            start = end + separator.count
        }
        return pieces + [start..<text.count]
    }

    private static func split(
        _ text: String, _ separator: String, _ limit: Int64, _ meter: inout Meter
    ) throws(CELError) -> CELValue {
        try meter.work(2 * text.utf8.count)
        guard limit != 0 else { return .list([]) }
        if text.isEmpty && separator.isEmpty { return .list([]) }
        let bytes = Array(text.utf8)
        let ranges = pieces(bytes, Array(separator.utf8), limit: limit < 0 ? .max : Int(clamping: limit))
        return .list(ranges.map { .string(String(decoding: bytes[$0], as: UTF8.self)) })
    }

    private static func replace(
        _ text: String, _ old: String, _ new: String, limit: Int64, _ meter: inout Meter
    ) throws(CELError) -> CELValue {
        let bytes = Array(text.utf8)
        let limit = limit < 0 ? Int.max : Int(clamping: limit)
        guard limit > 0 else { return .string(text) }
        try meter.work(2 * bytes.count)
        var ranges: [Range<Int>]
        if old.isEmpty {
            // Go puts the new text before each code point and at the end.
            ranges = [0..<0]
            if !bytes.isEmpty { ranges += pieces(bytes, [], limit: limit) }
            if ranges.count <= limit, !bytes.isEmpty { ranges.append(bytes.count..<bytes.count) }
        } else {
            ranges = pieces(bytes, Array(old.utf8), limit: limit == .max ? .max : limit + 1)
        }
        let added = Array(new.utf8)
        try meter.work(ranges.count, times: added.count)
        var result: [UInt8] = []
        for (place, range) in ranges.enumerated() {
            if place > 0 { result += added }
            result += bytes[range]
        }
        if old.isEmpty && bytes.isEmpty { result = added }
        return .string(String(decoding: result, as: UTF8.self))
    }

    private static var making: [Overload] {
        [
            .ternary("replace", isMember: true, .string, .string, .string, to: .string) {
                (text: String, old: String, new: String, meter: inout Meter) throws(CELError) in
                try replace(text, old, new, limit: -1, &meter)
            },
            Overload(
                function: "replace", isMember: true, parameters: [.string, .string, .string, .int], result: .string
            ) { (arguments: [CELValue], meter: inout Meter) throws(CELError) -> CELValue in
                guard arguments.count == 4, case .string(let text) = arguments[0], case .string(let old) = arguments[1],
                    case .string(let new) = arguments[2], case .int(let limit) = arguments[3]
                else { throw .noSuchOverload }
                return try replace(text, old, new, limit: limit, &meter)
            },
            .unary("join", isMember: true, .list(.string), to: .string) {
                (list: ListArgument, meter: inout Meter) throws(CELError) in try join(list, "", &meter)
            },
            .binary("join", isMember: true, .list(.string), .string, to: .string, join),
            mapped("lowerAscii") { ("A"..."Z").contains($0) ? Unicode.Scalar(UInt8($0.value) + 32) : $0 },
            mapped("upperAscii") { ("a"..."z").contains($0) ? Unicode.Scalar(UInt8($0.value) - 32) : $0 },
            .unary("strings.quote", .string, to: .string) { (text: String, meter: inout Meter) throws(CELError) in
                try meter.work(text.utf8.count)
                return .string(quote(text))
            },
            .binary("format", isMember: true, .string, .list(.dyn), to: .string) {
                (text: String, list: ListArgument, meter: inout Meter) throws(CELError) in
                .string(try Formatter.format(text, list.elements, &meter))
            },
        ]
    }

    private static func join(
        _ list: ListArgument, _ separator: String, _ meter: inout Meter
    ) throws(CELError) -> CELValue {
        var result = ""
        for (place, element) in list.elements.enumerated() {
            guard case .string(let part) = element else { throw .noSuchOverload }
            try meter.work(1 + separator.utf8.count + part.utf8.count)
            if place > 0 { result += separator }
            result += part
        }
        return .string(result)
    }

    private static func mapped(
        _ function: String, _ change: @escaping @Sendable (Unicode.Scalar) -> Unicode.Scalar
    ) -> Overload {
        .unary(function, isMember: true, .string, to: .string) { (text: String, meter: inout Meter) throws(CELError) in
            try meter.work(text.utf8.count)
            return .string(Text.string(text.unicodeScalars.map(change)))
        }
    }

    private static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{7}": result += "\\a"
            case "\u{8}": result += "\\b"
            case "\u{c}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{b}": result += "\\v"
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
