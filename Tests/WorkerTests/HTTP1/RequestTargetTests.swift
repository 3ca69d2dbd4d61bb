// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Request targets")
struct RequestTargetTests {
    @Test(
        "Accepted, and what is forwarded",
        arguments: [
            ("GET", "/", "/"), ("GET", "/a/b?c=d&e", "/a/b?c=d&e"), ("GET", "/a?", "/a?"),
            ("GET", "//a//b/", "//a//b/"),
            ("GET", "/a%20b/%e2%82%ac", "/a%20b/%e2%82%ac"), ("GET", "/a%2Fb", "/a%2Fb"), ("GET", "/...", "/..."),
            ("GET", "/a..b/.c/d.", "/a..b/.c/d."), ("GET", "/?/../x", "/?/../x"), ("GET", "/?a=%0A%0D", "/?a=%0A%0D"),
            ("GET", "/with_\"quotes\"?a={b}|c", "/with_\"quotes\"?a={b}|c"), ("OPTIONS", "*", "*"),
            ("GET", "http://a:1/b?c", "/b?c"), ("GET", "HTTPS://A:1/b", "/b"), ("GET", "http://a:1", "/"),
            ("GET", "http://a:1?x", "/?x"), ("OPTIONS", "http://a:1", "*"),
        ])
    func accepted(_ method: String, _ target: String, _ forwarded: String) {
        let out = CodecHarness.forwarded("\(method) \(target) HTTP/1.1\r\nHost: a:1\r\n\r\n")
        #expect(out == "\(method) \(forwarded) HTTP/1.1\r\nHost: upstream:6443\r\n\r\n")
    }

    @Test(
        "Refused",
        arguments: [
            ("a", HTTPFault.invalidTarget), ("a/b", .invalidTarget), ("a:443", .invalidTarget), ("*", .invalidTarget),
            ("/*#", .invalidTarget), ("/a#b", .invalidTarget), ("/a?b#c", .invalidTarget), ("/a\\b", .invalidTarget),
            ("/a?\\", .invalidTarget), ("/\u{e9}", .invalidTarget), ("/?\u{e9}", .invalidTarget),
            ("/a\tb", .invalidTarget),
            ("/%", .invalidPercentEncoding), ("/%2", .invalidPercentEncoding), ("/%zz", .invalidPercentEncoding),
            ("/%2?a", .invalidPercentEncoding), ("/?%", .invalidPercentEncoding), ("/?a=%g0", .invalidPercentEncoding),
            ("/%00", .encodedControlByte), ("/a%0d", .encodedControlByte), ("/%0A", .encodedControlByte),
            ("/%7f", .encodedControlByte), ("/?%00", .encodedControlByte),
            ("/.", .dotSegment), ("/..", .dotSegment), ("/a/../b", .dotSegment), ("/a/./b", .dotSegment),
            ("/%2e%2E/a", .dotSegment), ("/a/.%2e", .dotSegment), ("/a%2f..%2fb", .dotSegment),
            ("/a%2F%2e/", .dotSegment),
            ("/..?a", .dotSegment), ("http://a:1/../b", .dotSegment),
            ("http://b/", .targetHostMismatch), ("http://a/", .targetHostMismatch), ("http://u@a:1/", .invalidTarget),
            ("http:///a", .invalidTarget), ("http://", .invalidTarget), ("ftp://a:1/", .invalidTarget),
            ("http:/a", .invalidTarget),
        ])
    func refused(_ target: String, _ fault: HTTPFault) {
        #expect(CodecHarness.fault("GET \(target) HTTP/1.1\r\nHost: a:1\r\n\r\n") == fault)
    }
}
