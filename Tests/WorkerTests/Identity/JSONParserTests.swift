// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("JSONParser")
struct JSONParserTests {
    @Test(arguments: [
        ("null", JSONValue.null), (" true ", .bool(true)), ("0", .integer(0)), ("-0", .integer(0)),
        ("9223372036854775807", .integer(.max)), ("9223372036854775808", .real(9_223_372_036_854_775_808)),
        ("1.0", .real(1)), ("1e2", .real(100)), ("-1E-1", .real(-0.1)), ("[]", .array([])),
        ("[1, \"a\"]", .array([.integer(1), .string("a")])), (#""\u00e9\n\/""#, .string("é\n/")),
        (#""\ud83d\ude00""#, .string("😀")), ("\"\u{FEFF}\"", .string("\u{FEFF}")),
    ])
    func accepted(_ text: String, _ expected: JSONValue) throws {
        #expect(try JSONValue.parse(Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "truex", "01", "-", "1.", ".5", "1e", "+1", "[1,]", "[1 2]", "{", "{\"a\"}", "{\"a\":1,}",
        "{a:1}",
        "'a'", "\"a", "\"\t\"", #""\x""#, #""\u12g4""#, "1 1", "\u{FEFF}1", "NaN", "[", "]", "//\n1",
    ])
    func badSyntax(_ text: String) {
        #expect(throws: JSONError.syntax) { try JSONValue.parse(Array(text.utf8)) }
    }

    @Test(arguments: [#"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"b":1,"b":2}}"#])
    func duplicates(_ text: String) {
        #expect(throws: JSONError.duplicateMember) { try JSONValue.parse(Array(text.utf8)) }
    }

    /// The Kelvin sign is canonically equivalent to K, but another name.
    @Test func namesAreComparedByTheirBytes() throws {
        let value = try JSONValue.parse(Array("{\"K\":1,\"\u{212A}\":2}".utf8))
        #expect(value.object?["K"] == .integer(1))
        #expect(value.object?["\u{212A}"] == .integer(2))
    }

    @Test(arguments: [#""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800x""#])
    func loneSurrogates(_ text: String) {
        #expect(throws: JSONError.invalidUTF8) { try JSONValue.parse(Array(text.utf8)) }
    }

    @Test(arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3]] as [[UInt8]])
    func badUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONError.invalidUTF8) { try JSONValue.parse([0x22] + bytes + [0x22]) }
    }

    @Test func depth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSONValue.parse(nested(16))
        #expect(throws: JSONError.tooDeep) { try JSONValue.parse(nested(17)) }
        #expect(throws: JSONError.tooDeep) { try JSONValue.parse(nested(100_000)) }
    }

    @Test func tooLargeANumber() {
        #expect(throws: JSONError.numberOutOfRange) { try JSONValue.parse(Array("1e999".utf8)) }
    }
}
