// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite("Libraries")
struct LibraryTests {
    @Test(
        "what is true",
        arguments: [
            // Authentication as the documentation of Kubernetes writes it.
            "claims.email_verified == true", "claims.sub + '@' + claims.org.name == 'jane@example'",
            "has(claims.email) && !has(claims.phone)", "claims.?phone.orValue('none') == 'none'",
            "claims.groups.exists(g, g == 'dev')", "!user.username.startsWith('system:')",
            "user.groups.all(g, !g.startsWith('system:'))", "!has(user.uid)", "claims.exp > 1600000000",
            "claims.nothing == null", "'dev' in claims.groups", "claims.level == 3 && claims.level == 3.0",
            "claims.groups.map(g, 'oidc:' + g) == ['oidc:dev', 'oidc:ops']",
            "claims.email.split('@')[1] == 'example.com'", "size(claims.org.units) == 0",
            "dyn(claims.sub) == 'jane' || claims.nosuch == 1",
            // Strings.
            "'tacocat'.charAt(7) == ''", "'tacocat'.indexOf('ac') == 1", "'tacocat'.lastIndexOf('a') == 5",
            "'abc'.replace('', '-') == '-a-b-c-'", "'abc'.replace('', '-', 2) == '-a-bc'",
            "'aaaa'.replace('a', 'b', 2) == 'bbaa'", "'a b c'.split(' ', 2) == ['a', 'b c']",
            "'aé😀'.split('') == ['a', 'é', '😀']", "'abc'.split('x', 0) == []", "['a', 'b'].join('-') == 'a-b'",
            "' \\t x\\u00a0'.trim() == 'x'", "'%s has %d of %.1f%%'.format([dyn('x'), 3, 1.25]) == 'x has 3 of 1.2%'",
            "strings.quote('a\\n\"') == '\"a\\\\n\\\\\"\"'",
            "'%x %X %o %b'.format([dyn(255), 'hi', 8, -5]) == 'ff 6869 10 -101'",
            // Regular expressions.
            "'abc123'.matches('[a-z]+[0-9]+')", "'abc 123'.find('[0-9]+') == '123'", "'abc'.find('x') == ''",
            "'a1b22'.findAll('[0-9]+') == ['1', '22']", "'a1b22'.findAll('[0-9]+', 1) == ['1']",
            "'ab'.findAll('x*') == ['', '', '']", "'x'.matches(claims.sub + '|x')",
            // Lists and sets.
            "[1, 2, 3].sum() == 6", "[1.5].sum() == 1.5", "[].sum() == 0", "[3, 1].min() == 1",
            "['b', 'a'].max() == 'b'",
            "[1, 2, 2].isSorted()", "[1, 2, 1].indexOf(1) == 0", "[1, 2, 1].lastIndexOf(1) == 2",
            "[1, 2, 3].slice(1, 3) == [2, 3]", "[[[1]], [[2]]].flatten() == [[1], [2]]",
            "[dyn([1]), [dyn([dyn(2), [3]])]].flatten(2) == [dyn(1), 2, [3]]", "lists.range(3) == [0, 1, 2]",
            "[1, 2].reverse() == [2, 1]", "[1, 1, 2].distinct() == [1, 2]", "['b', 'a'].sort() == ['a', 'b']",
            "['bb', 'a'].sortBy(s, s.size()) == ['a', 'bb']", "sets.contains([1, 2], [2])",
            "sets.equivalent([1, 1, 2], [2, 1])", "!sets.intersects([1], [2])",
            // Comprehensions of two variables.
            "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2}",
            "{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v) == {'b': 2}",
            "['a'].transformMapEntry(i, v, {v: i}) == {'a': 0}", "{'a': 1}.transformList(k, v, k) == ['a']",
            // Optionals.
            "[1, ?optional.none(), ?optional.of(2)] == [1, 2]", "{?'a': optional.none()} == {}",
            "optional.of(1).optMap(x, x + 1).value() == 2", "!optional.ofNonZeroValue('').hasValue()",
            "[optional.of(1), optional.none()].unwrapOpt() == [1]", "claims[?'sub'].value() == 'jane'",
            "claims.?org.name.value() == 'example'", "optional.none().or(optional.of(1)).value() == 1",
            // Addresses.
            "ip('192.168.0.1').family() == 4", "ip('::1').isLoopback()", "!isIP('::ffff:1.2.3.4')", "!isIP('1.2.3.04')",
            "!isIP('fe80::1%eth0')", "!isIP(':')", "isIP('1::')", "!isIP('1:2:3:4:5:6:7:8:9')", "!isIP('1:::2')",
            "string(ip('2001:DB8:0:0:0:0:0:1')) == '2001:db8::1'", "!ip.isCanonical('2001:DB8::1')",
            "ip('1:0:0:2:0:0:0:3') == ip('1:0:0:2::3')", "string(ip('::1.2.3.4')) == '::102:304'",
            "ip('169.254.1.1').isLinkLocalUnicast()", "ip('8.8.8.8').isGlobalUnicast()",
            "cidr('10.0.0.0/8').containsIP('10.1.2.3')", "!cidr('10.0.0.0/8').containsIP(ip('::1'))",
            "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", "!cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))",
            "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')", "cidr('::/0').prefixLength() == 0",
            "!isCIDR('10.0.0.0/33')", "!isCIDR('10.0.0.0/08')", "string(cidr('10.1.2.3/8').ip()) == '10.1.2.3'",
            "type(ip('::1')) == net.IP",
            // URLs.
            "url('https://user@example.com:80/a%20b?k=v&k=w#f').getHost() == 'example.com:80'",
            "url('https://example.com:80').getPort() == '80'", "url('https://[::1]:80/').getHostname() == '::1'",
            "url('https://example.com/a b').getEscapedPath() == '/a%20b'", "isURL('/only/path')", "!isURL('relative')",
            "url('https://x/?k=v&k=w&e=%20').getQuery() == {'k': ['v', 'w'], 'e': [' ']}", "!isURL('https://x:port/')",
            "url('HTTPS://x').getScheme() == 'https'", "!isURL('://x')", "!isURL('https://x/%zz')",
            // Quantities.
            "quantity('1.5Gi').isGreaterThan(quantity('1G'))", "quantity('200M').compareTo(quantity('0.2G')) == 0",
            "quantity('50k').add(20) == quantity('50020')", "quantity('5').sub(quantity('7')).sign() == -1",
            "quantity('1e3').asInteger() == 1000", "!quantity('1.5').isInteger()", "!isQuantity('1.5 Gi')",
            "quantity('1.5m').asApproximateFloat() == 0.0015",
            "quantity('99999999999E') == quantity('9223372036854775807')",
            "quantity('1e-10') == quantity('1n')", "!isQuantity('')", "!isQuantity('.')", "isQuantity('1.')",
            // Versions.
            "semver('1.2.3').isLessThan(semver('1.10.0'))", "semver('1.0.0-alpha.1').isLessThan(semver('1.0.0'))",
            "semver('v01.2', true) == semver('1.2.0')", "!isSemver('1.2')", "!isSemver('01.2.3')",
            "semver('1.2.3+build').major() == 1", "semver('1.0.0-1').compareTo(semver('1.0.0-a')) == -1",
            // Formats.
            "!format.dns1123Label().validate('my-label').hasValue()", "format.dns1123Label().validate('My').hasValue()",
            "format.named('uuid').value().validate('x').hasValue()", "!format.named('nosuch').hasValue()",
            "!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()",
            "!format.date().validate('2024-02-29').hasValue()", "format.date().validate('2023-02-29').hasValue()",
            "!format.qualifiedName().validate('example.com/name').hasValue()", "format.byte().validate('a').hasValue()",
            // Times.
            "timestamp('2024-03-31T01:30:00Z').getHours('Europe/Berlin') == 3",
            "timestamp('2050-07-01T12:00:00Z').getHours('Europe/Berlin') == 14",
            "timestamp('2050-01-01T12:00:00Z').getHours('Australia/Sydney') == 23",
            "timestamp('2024-01-01T00:00:00Z').getMinutes('-09:30') == 30",
            "timestamp('2024-01-01T00:00:00+01:00') == timestamp('2023-12-31T23:00:00Z')",
            "duration('1h1m1.5s').getMilliseconds() == 3661500", "string(duration('-1.5s')) == '-1.5s'",
            "timestamp('2024-01-01T00:00:00Z') + duration('24h') > timestamp('2024-01-01T23:59:59Z')",
            "int(timestamp('1970-01-01T00:01:00Z')) == 60", "string(1e100) == '1e+100'", "string(0.1) == '0.1'",
            "string(1234567.0) == '1.234567e+06'",
        ])
    func isTrue(text: String) throws {
        #expect(try Evaluation.value(text) == .bool(true))
    }

    @Test(
        "what has no value",
        arguments: [
            ("claims.nosuch", "no such key: nosuch"),
            ("claims.sub.x", "type 'string' does not support field selection"),
            ("claims.groups[2]", "index out of bounds"), ("claims.sub < 1", "no such overload"),
            ("int(claims.sub)", "string is no int"), ("user.uid", "no such key: uid"),
            ("timestamp('2024-01-01T00:00:00Z').getHours('../../etc/passwd')", "unknown time zone"),
            ("timestamp('2024-01-01T00:00:00Z').getHours('Local')", "unknown time zone"),
            ("9223372036854775807 + 1", "integer overflow"), ("1 / 0", "division by zero"),
            ("1 % 0", "modulus by zero"),
            (
                "['a'].transformMapEntry(i, v, {'x': i}) == {} || [1, 2].transformMapEntry(i, v, {'x': i}) == {}",
                "insert failed: key already exists"
            ),
            ("[].min() == 1", "min called on empty list"), ("optional.none().value()", "optional.none() dereference"),
            (
                "'%d'.format(['x'])",
                "error during formatting: decimal clause can only be used on integers, was given string"
            ),
            ("'%.1000f'.format([1.0])", "could not parse formatting clause: invalid precision"),
            ("'x'.matches(claims.sub + '(')", "not a regular expression"),
            ("duration(claims.sub)", "string is no duration, or is out of range"),
        ])
    func fails(text: String, message: String) {
        #expect(throws: CELError.failed(message)) { try Evaluation.value(text) }
    }
}
