// SPDX-License-Identifier: Apache-2.0

/// `int()`, `uint()`, `double()`, `string()`, `bytes()`, `bool()`, `timestamp()` and `duration()`.
enum Conversions {
    static var overloads: [Overload] { toInt + toUint + toDouble + toString + others }

    private static func identity(_ function: String, _ type: CELType) -> Overload {
        .unary(function, type, to: type) { (a: CELValue, _: inout Meter) throws(CELError) in a }
    }

    private static var toInt: [Overload] {
        [
            identity("int", .int),
            .unary("int", .uint, to: .int) { (a: UInt64, _: inout Meter) throws(CELError) in
                guard let result = Int64(exactly: a) else { throw .range }
                return .int(result)
            },
            .unary("int", .double, to: .int) { (a: Double, _: inout Meter) throws(CELError) in
                // Both bounds are excluded: a double there may be a rounded number from beyond.
                guard a > -0x1p63, a < 0x1p63 else { throw .range }
                return .int(Int64(a))
            },
            .unary("int", .string, to: .int) { (a: String, _: inout Meter) throws(CELError) in
                guard let result = Int64(a) else { throw .failed("string is no int") }
                return .int(result)
            },
            .unary("int", .timestamp, to: .int) { (a: CELTimestamp, _: inout Meter) throws(CELError) in
                .int(a.seconds)
            },
            .unary("int", .duration, to: .int) { (a: CELDuration, _: inout Meter) throws(CELError) in
                .int(a.nanoseconds)
            },
        ]
    }

    private static var toUint: [Overload] {
        [
            identity("uint", .uint),
            .unary("uint", .int, to: .uint) { (a: Int64, _: inout Meter) throws(CELError) in
                guard let result = UInt64(exactly: a) else { throw .range }
                return .uint(result)
            },
            .unary("uint", .double, to: .uint) { (a: Double, _: inout Meter) throws(CELError) in
                guard a >= 0, a < 0x1p64 else { throw .range }
                return .uint(UInt64(a))
            },
            .unary("uint", .string, to: .uint) { (a: String, _: inout Meter) throws(CELError) in
                guard a.utf8.first != UInt8(ascii: "+"), a.utf8.first != UInt8(ascii: "-"), let result = UInt64(a)
                else { throw .failed("string is no uint") }
                return .uint(result)
            },
        ]
    }

    private static var toDouble: [Overload] {
        [
            identity("double", .double),
            .unary("double", .int, to: .double) { (a: Int64, _: inout Meter) throws(CELError) in .double(Double(a)) },
            .unary("double", .uint, to: .double) { (a: UInt64, _: inout Meter) throws(CELError) in .double(Double(a)) },
            .unary("double", .string, to: .double) { (a: String, _: inout Meter) throws(CELError) in
                guard let result = double(a) else { throw .failed("string is no double") }
                return .double(result)
            },
        ]
    }

    /// Go's strconv.ParseFloat, but for hexadecimal numbers: what is too big is none.
    static func double(_ text: String) -> Double? {
        switch text.lowercased() {
        case "nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: break
        }
        let isDecimal = text.utf8.allSatisfy { byte in
            let scalar = Unicode.Scalar(byte)
            return scalar.isDigit || "+-.eE".unicodeScalars.contains(scalar)
        }
        guard isDecimal, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    private static var toString: [Overload] {
        [
            identity("string", .string),
            .unary("string", .bool, to: .string) { (a: Bool, _: inout Meter) throws(CELError) in .string(String(a)) },
            .unary("string", .int, to: .string) { (a: Int64, _: inout Meter) throws(CELError) in .string(String(a)) },
            .unary("string", .uint, to: .string) { (a: UInt64, _: inout Meter) throws(CELError) in .string(String(a)) },
            .unary("string", .double, to: .string) { (a: Double, _: inout Meter) throws(CELError) in
                .string(DecimalText.general(a))
            },
            .unary("string", .bytes, to: .string) { (a: [UInt8], meter: inout Meter) throws(CELError) in
                try meter.work(a.count)
                guard let text = String(validating: a, as: UTF8.self) else {
                    throw .failed("invalid UTF-8 in bytes, cannot convert to string")
                }
                return .string(text)
            },
            .unary("string", .timestamp, to: .string) { (a: CELTimestamp, _: inout Meter) throws(CELError) in
                .string(a.text)
            },
            .unary("string", .duration, to: .string) { (a: CELDuration, _: inout Meter) throws(CELError) in
                .string(a.text)
            },
        ]
    }

    private static var others: [Overload] {
        [
            identity("bytes", .bytes),
            .unary("bytes", .string, to: .bytes) { (a: String, meter: inout Meter) throws(CELError) in
                try meter.work(a.utf8.count)
                return .bytes(Array(a.utf8))
            },
            identity("bool", .bool),
            .unary("bool", .string, to: .bool) { (a: String, _: inout Meter) throws(CELError) in
                switch a {
                case "1", "t", "T", "true", "TRUE", "True": return .bool(true)
                case "0", "f", "F", "false", "FALSE", "False": return .bool(false)
                default: throw .failed("string is no bool")
                }
            },
            identity("timestamp", .timestamp),
            .unary("timestamp", .int, to: .timestamp) { (a: Int64, _: inout Meter) throws(CELError) in
                guard let result = CELTimestamp(seconds: a) else { throw .range }
                return .timestamp(result)
            },
            .unary("timestamp", .string, to: .timestamp) { (a: String, _: inout Meter) throws(CELError) in
                guard let result = CELTimestamp(a) else { throw .failed("string is no timestamp, or is out of range") }
                return .timestamp(result)
            },
            identity("duration", .duration),
            .unary("duration", .int, to: .duration) { (a: Int64, _: inout Meter) throws(CELError) in
                .duration(CELDuration(nanoseconds: a))
            },
            .unary("duration", .string, to: .duration) { (a: String, _: inout Meter) throws(CELError) in
                guard let result = CELDuration(a) else { throw .failed("string is no duration, or is out of range") }
                return .duration(result)
            },
        ]
    }
}
