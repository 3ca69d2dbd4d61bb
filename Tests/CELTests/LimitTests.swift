// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite("Limits")
struct LimitTests {
    @Test(
        "what an evaluation costs",
        arguments: [
            ("1 + 1", UInt64(1)), ("true", 0), ("[1, 2, 3] == [1, 2]", 1), ("claims.sub", 2),
            ("claims.sub == 'jane'", 3),
            ("claims.org.name.startsWith('ex')", 4), ("has(claims.sub)", 1), ("[claims.sub]", 12),
            ("user.groups.all(g, g != '')", 7), ("'0123456789a'.contains('01')", 2),
            ("'0123456789a'.matches('abcd')", 2), ("'abc'.lowerAscii()", 1),
        ])
    func cost(text: String, cost: UInt64) throws {
        let bindings: [String: CELValue] = ["claims": .map(Evaluation.claims), "user": .object(Evaluation.user)]
        let program = try Evaluation.environment.compile(text)
        #expect(try program.measure(bindings).cost == cost)
        #expect(try program.measure(bindings, costLimit: cost).cost == cost)
        if cost > 0 {
            #expect(throws: CELError.costLimitExceeded) { try program.evaluate(bindings, costLimit: cost - 1) }
        }
    }

    /// Each of these would run for very long, or take very much memory, were it not stopped.
    @Test(
        "what ends at the limit",
        arguments: [
            "lists.range(10000000).size() > 0 || lists.range(10000000).size() > 0 || lists.range(10000000).size() > 0",
            "lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, true)))",
            "lists.range(100000).map(a, claims)",
            "lists.range(3000).map(a, 'x').join('').replace('', lists.range(3000).map(a, 'yyyyyyyyyy').join(''))",
            "lists.range(20000).distinct() == []",
            "sets.equivalent(lists.range(20000), lists.range(20000))",
            "optional.of('xxxxxxxxxx')" + String(repeating: ".optMap(a, a + a)", count: 30) + ".hasValue()",
            "optional.of([1, 2, 3, 4])" + String(repeating: ".optMap(a, a + a)", count: 30) + ".hasValue()",
            "lists.range(2000).all(a, 'x'.matches(claims.sub + '|((x{1,100}){1,9})'))",
            "lists.range(100000).map(a, [a]) == []", "lists.range(100000).all(a, claims.long.size() > 0)",
            "lists.range(100000).all(a, !(claims.long in claims))",
            "lists.range(100000).all(a, {claims.long: 1} != {})",
        ])
    func ends(text: String) throws {
        let claims: CELMap = ["sub": .string("jane"), "long": .string(String(repeating: "x", count: 50_000))]
        #expect(throws: CELError.costLimitExceeded) { try Evaluation.value(text, extra: ["claims": .map(claims)]) }
    }

    @Test("matching is linear: a pattern that backtracking never ends with") func linear() throws {
        let text = String(repeating: "x", count: 50_000)
        for expression in ["claims.x.matches('(x+x+)+y')", "claims.x.matches('^(x|xx|xxx)*$') && claims.y"] {
            let bindings: [String: CELValue] = ["claims": .map(["x": .string(text), "y": .bool(false)])]
            #expect(try Evaluation.value(expression, extra: bindings) == .bool(false))
        }
    }

    @Test("running out of budget is not absorbed") func notAbsorbed() {
        #expect(throws: CELError.costLimitExceeded) {
            try Evaluation.value("lists.range(200).all(a, claims.sub != '') || true", costLimit: 100)
        }
    }

    @Test(
        "text nested too deep is refused, to the bound it is evaluated", arguments: [1, 100, 249, 251, 5_000, 49_000])
    func depth(levels: Int) {
        func repeated(_ text: String) -> String { String(repeating: text, count: levels) }
        let texts = [
            repeated("(") + "1" + repeated(")"), repeated("[") + repeated("]"), repeated("!(") + "true" + repeated(")"),
            "0" + repeated("+1"), "{}" + repeated(".a"), repeated("true?true:") + "true", "[]" + repeated("[0]"),
            repeated("[0].map(a,") + "0" + repeated(")"), "claims" + repeated(".f()"),
            repeated("-(") + "1" + repeated(")"),
        ]
        for text in texts {
            do throws(CELError) {
                _ = try Evaluation.value(text)
            } catch {
                let isRefusal = if case .refused = error { true } else { false }
                #expect(isRefusal || levels < 250, "\(error)")
            }
        }
    }

    @Test("long chains of && and || and many operators of a kind are one level") func chains() throws {
        #expect(try Evaluation.value("true" + String(repeating: " && true", count: 5_000)) == .bool(true))
        #expect(try Evaluation.value(String(repeating: "!", count: 5_000) + "true") == .bool(true))
        #expect(try Evaluation.value(String(repeating: "-", count: 5_001) + "1") == .int(-1))
        #expect(Evaluation.issues(String(repeating: " ", count: 100_001)).count == 1)
    }

    @Test("input nested very deep fails") func deepInput() {
        var deep = CELValue.list([])
        for _ in 0..<1_000 { deep = .list([deep]) }
        let failure = CELError.failed("values stand too deep in one another")
        for text in ["claims.deep == claims.deep", "'%s'.format([claims.deep])", "claims.deep in [claims.deep]"] {
            #expect(throws: failure) {
                try Evaluation.value(text, extra: ["claims": .map(["deep": deep])])
            }
        }
    }

    @Test("strings are code points: canonically equivalent ones differ, as keys too") func codePoints() throws {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        let map: CELMap = [.string(composed): .int(1), .string(decomposed): .int(2)]
        #expect(map.count == 2)
        #expect(try Evaluation.value("claims.size() == 2", extra: ["claims": .map(map)]) == .bool(true))
        #expect(try Evaluation.value("'\\u00e9' == 'e\\u0301' || '\\r\\n'.size() != 2") == .bool(false))
        #expect(try Evaluation.value("'e\\u0301'.startsWith('e') && 'ae\\u0301'.contains('e')") == .bool(true))
    }
}
