// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Expressions put together at random out of what the language has: whatever comes, it ends, and nothing traps. The seed
/// is fixed, so a failure comes again.
@Suite("Mutations")
struct MutationTests {
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    static let words: [String] =
        CELEnvironment(variables: [:], libraries: Set(CELLibrary.allCases)).functions.keys
        .filter { !$0.contains("_") && !$0.contains("@") }.sorted()
        + ["all", "exists", "map", "filter", "optMap", "sortBy", "transformMap", "has", "in"]

    static let literals = [
        "0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551615u", "0u", "1.5", "-0.0", "1e308",
        "5e-324", "0.0/0.0", "1.0/0.0", "''", "'a'", "'\\U0001F600e\\u0301'", "b'\\xff'", "true", "null", "[]",
        "[1, 2]",
        "['b', 'a']", "{}", "{'a': 1}", "{1: 2u}", "claims", "claims.sub", "claims.big", "x", "optional.none()",
        "optional.of(1)", "timestamp('9999-12-31T23:59:59.999999999Z')", "timestamp('0001-01-01T00:00:00Z')",
        "duration('-2562047h47m16.854775808s')", "duration('1ns')", "ip('::1')", "cidr('10.0.0.0/8')",
        "quantity('1.5Gi')",
        "semver('1.2.3')", "url('https://a/b?c')", "'%s%d%f%e%x%b%o'", "'[a-'", "'2024-01-01T00:00:00Z'",
        "'America/New_York'",
        "int", "type(1)", "'-08:00'", "'v1'", "'1e400'", "'%.99e'",
    ]

    static func expression(_ generator: inout Generator, depth: Int = 0) -> String {
        func part() -> String { expression(&generator, depth: depth + 1) }
        if depth > 3 { return literals.randomElement(using: &generator) ?? "1" }
        switch UInt8.random(in: 0..<14, using: &generator) {
        case 0: return "\(part()) \(["+", "-", "*", "/", "%"].randomElement(using: &generator) ?? "+") \(part())"
        case 1: return "(\(part()) \(["==", "<", ">=", "in", "!="].randomElement(using: &generator) ?? "==") \(part()))"
        case 2: return "\(part())[\(Bool.random(using: &generator) ? "?" : "")\(part())]"
        case 3: return "[\(part()), dyn(\(part()))]"
        case 4: return "{\(part()): \(part())}"
        case 5: return "\(part()).map(x, \(part()))"
        case 6: return "\(part()).all(x, y, \(part()))"
        case 7: return "(\(part()) && \(part()) || \(part()))"
        case 8: return "-\(part())"
        case 9...11:
            let arguments = (0..<Int.random(in: 0..<3, using: &generator)).map { _ in part() }.joined(separator: ", ")
            return "\(part()).\(words.randomElement(using: &generator) ?? "size")(\(arguments))"
        case 12:
            let arguments = (0..<Int.random(in: 0..<4, using: &generator)).map { _ in part() }.joined(separator: ", ")
            return "\(words.randomElement(using: &generator) ?? "size")(\(arguments))"
        default: return literals.randomElement(using: &generator) ?? "1"
        }
    }

    @Test("generated expressions", arguments: [UInt64(1), 2, 3, 4]) func generated(seed: UInt64) {
        var options = CELEnvironment.Options()
        options.homogeneousLiterals = false
        options.typeChecking = false
        let environment = CELEnvironment(
            variables: ["claims": .dyn, "x": .dyn], libraries: Set(CELLibrary.allCases), options: options)
        let bindings: [String: CELValue] = [
            "claims": .map(["sub": .string("a/b:c-1.5"), "big": .list((0..<50).map { .int($0) })]), "x": .double(1.5),
        ]
        var generator = Generator(state: seed)
        var values = 0
        for _ in 0..<2_000 {
            var text = Self.expression(&generator)
            if UInt8.random(in: 0..<8, using: &generator) == 0, !text.isEmpty {
                // And now and then a text that is none.
                let cut = Int.random(in: 0..<text.count, using: &generator)
                text = String(text.dropFirst(cut)) + String(text.prefix(cut))
            }
            if (try? environment.compile(text).evaluate(bindings, costLimit: 20_000)) != nil { values += 1 }
        }
        // Else the generator makes nothing that is evaluated, and shows nothing.
        #expect(values > 100)
    }
}
