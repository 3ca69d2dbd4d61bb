// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite("Type checker")
struct CheckerTests {
    @Test(
        "what is refused, and where",
        arguments: [
            ("claim.sub", ["1:1: undeclared reference to 'claim' (in container '')"]),
            ("claims.sub.foo(1)", ["1:12: undeclared reference to 'foo' (in container '')"]),
            ("1 + 'a'", ["1:3: found no matching overload for '_+_' applied to '(int, string)'"]),
            ("user.name == 'x'", ["1:5: undefined field 'name'"]),
            (
                "user.username.startsWith(1)",
                ["1:15: found no matching overload for 'startsWith' applied to 'string.(int)'"]
            ),
            ("user.username.foo", ["1:14: type 'string' does not support field selection"]),
            ("'a' && true", ["1:1: expected type 'bool' but found 'string'"]),
            (
                "true &&\n  (1 == 'a' ||\n   nosuch)",
                [
                    "2:6: found no matching overload for '_==_' applied to '(int, string)'",
                    "3:4: undeclared reference to 'nosuch' (in container '')",
                ]
            ),
            ("[1, 'a']", ["1:5: expected type 'int' but found 'string'"]),
            ("{'a': 1, 'b': 'c'}", ["1:15: expected type 'int' but found 'string'"]),
            ("{1.5: 1}", ["1:2: unsupported key type: 'double'"]),
            ("user.groups.all(g, g)", ["1:20: expected type 'bool' but found 'string'"]),
            (
                "1.all(x, true)",
                [
                    "1:1: expression of type 'int' cannot be range of a comprehension "
                        + "(must be list, map, or dynamic)"
                ]
            ),
            (
                "true ? 1 : 'a'",
                ["1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'"]
            ),
            ("user.username.matches('(')", ["1:23: invalid matches argument: not a regular expression"]),
            ("claims.sub.find('[')", ["1:17: invalid find argument: not a regular expression"]),
            ("duration('1 hour') == null", ["1:10: invalid duration argument"]),
            ("timestamp('yesterday') == null", ["1:11: invalid timestamp argument"]),
            (
                "user.groups.map(g, g.size()).exists(s, s == 'x')",
                [
                    "1:42: found no matching overload for '_==_' applied to '(int, string)'"
                ]
            ),
            (
                "user.?uid.orValue(1)",
                [
                    "1:11: found no matching overload for 'orValue' applied to 'optional_type(string).(int)'"
                ]
            ),
            ("'abc'.reverse()", ["1:7: found no matching overload for 'reverse' applied to 'string.()'"]),
            ("'%s %d'.format(['x', 3])", ["1:22: expected type 'string' but found 'int'"]),
            (
                "math.abs(-1)",
                [
                    "1:1: undeclared reference to 'math' (in container '')",
                    "1:6: undeclared reference to 'abs' (in container '')",
                ]
            ),
        ])
    func refused(text: String, issues: [String]) {
        #expect(Evaluation.issues(text) == issues)
    }

    @Test(
        "what is no expression, and where",
        arguments: [
            ("", "1:1: syntax error: unexpected the end"),
            ("1 +", "1:4: syntax error: unexpected the end"),
            ("(1", "1:3: syntax error: expected ')' but found the end"),
            ("claims.", "1:8: syntax error: expected a field's name but found the end"),
            ("a b", "1:3: syntax error: unexpected 'b'"),
            ("'abc", "1:1: syntax error: unfinished string"),
            ("'a\\qb'", "1:1: syntax error: invalid escape in string"),
            ("b'\\u0041'", "1:1: syntax error: invalid escape in bytes"),
            ("'\\ud800'", "1:1: syntax error: invalid escape in string"),
            ("1 @ 2", "1:3: syntax error: unexpected character"),
            ("9223372036854775808", "1:1: syntax error: invalid int: out of range"),
            ("18446744073709551616u", "1:1: syntax error: invalid uint: out of range"),
            ("while", "1:1: syntax error: reserved identifier: while"),
            ("has(claims)", "1:1: syntax error: invalid argument to has() macro: it takes one field selection"),
            ("claims.all(1, true)", "1:12: syntax error: argument must be a simple name"),
            ("claims.all(k, k, true)", "1:15: syntax error: the two names must differ"),
            ("claims.`a.b`", "1:8: syntax error: expected a field's name but found '`a.b`'"),
            ("kubernetes.UserInfo{username: 'x'}", "1:20: syntax error: unexpected '{'"),
        ])
    func syntax(text: String, issue: String) {
        #expect(Evaluation.issues(text) == [issue])
    }

    @Test(
        "what an expression yields",
        arguments: [
            ("claims.sub", CELType.dyn), ("claims", .map(.string, .dyn)), ("user.username", .string),
            ("user.groups.map(g, g.size())", .list(.int)), ("user.groups.filter(g, g != '')", .list(.string)),
            ("user.extra['a'][0]", .string), ("user.extra[?'a']", .optional(.list(.string))),
            ("user.?uid", .optional(.string)), ("user.?uid.orValue('none')", .string),
            ("claims.?sub.optMap(s, s + 'x').orValue('')", .string), ("[]", .list(.dyn)), ("{}", .map(.dyn, .dyn)),
            ("[1, 2]", .list(.int)), ("[dyn(1), 'a']", .list(.dyn)), ("{'a': [1u]}", .map(.string, .list(.uint))),
            ("true ? [] : [1]", .list(.int)), ("1 < 2.0", .bool), ("type(1)", .type(.int)),
            ("user.groups.transformMap(i, g, g)", .map(.int, .string)), ("timestamp(0) - timestamp(1)", .duration),
            ("'a,b'.split(',')", .list(.string)), ("[[1], [2]].flatten()", .list(.int)), ("ip('::1')", .ip),
            ("url('/x').getQuery()", .map(.string, .list(.string))), ("claims.groups.sort()", .dyn),
            ("user.groups.sort()", .list(.string)), ("[3, 1].sortBy(x, -x)", .list(.int)),
        ])
    func types(text: String, type: CELType) throws {
        #expect(try Evaluation.environment.compile(text).resultType == type)
    }

    @Test("namespaces and dotted variables") func names() throws {
        let environment = CELEnvironment(
            variables: ["a.b.c": .int, "c": .string], libraries: [], container: "a.b")
        #expect(try environment.compile("c").resultType == .int)
        #expect(try environment.compile(".c").resultType == .string)
        #expect(try environment.compile("a.b.c").resultType == .int)
        #expect(try environment.compile("[''].all(c, c == '')").resultType == .bool)
    }
}
