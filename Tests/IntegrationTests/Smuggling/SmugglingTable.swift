// SPDX-License-Identifier: Apache-2.0

/// The cases, by what they try.
extension SmugglingCase {
    private static let hidden = "GET /hidden HTTP/1.1\r\n{h}{a}\r\n"

    /// Two readings of where a request ends: CL.TE, TE.CL, TE.TE, CL.0 and their kin.
    static let framing: [SmugglingCase] =
        [
            "Content-Length: 6\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 6",
            "Content-Length: 0\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "Transfer-Encoding: identity",
            "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: identity, chunked", "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: \"chunked\"",
            "Transfer-Encoding: \u{0B}chunked", "Transfer-Encoding: chunked\u{0}", "Transfer-Encoding:",
            "Transfer-Encoding: ,chunked", "Transfer-Encoding : chunked", " Transfer-Encoding: chunked",
            "Transfer-Encoding\r\n: chunked", "Transfer-Encoding:\r\n chunked", "Transfer_Encoding: chunked",
            "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent_Length: 6",
        ].map { refusedBody($0, "0\r\n\r\n\(hidden)") }
        + [
            "+3", "-3", "3, 3", "3,4", "0x3", "3 3", "", "three", "3.0", "3e0", "99999999999999999999",
            "9223372036854775808", "3\r\nContent-Length: 3", "3\r\nContent-Length: 4", "3\r\n 0", "3\u{0B}", "\"3\"",
            "3;", "3\u{0}",
        ].map { refusedBody("Content-Length: \($0)", "abc") }
        + [
            refusedBody("Content-Length : 3", "abc"), refusedBody("Content_Length: 3", "abc"),
            refused("chunks in 1.0", "POST /c HTTP/1.0\r\n{h}{a}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            relayed(
                "leading zeros of a length", "POST /c HTTP/1.1\r\n{h}{a}Content-Length: 0003\r\n\r\nabc",
                "POST /c HTTP/1.1\r\nHost: {up}\r\nContent-Length: 3\r\n{b}\r\nabc"),
            relayed(
                "capitals and a tab",
                "POST /c HTTP/1.1\r\n{h}{a}TRANSFER-ENCODING:\tChunked\t\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                "POST /c HTTP/1.1\r\nHost: {up}\r\nTransfer-Encoding: chunked\r\n{b}\r\n00000003\r\nabc\r\n0\r\n\r\n"),
            relayed(
                "a GET with a body that looks like a request",
                "GET /c HTTP/1.1\r\n{h}{a}Content-Length: 28\r\n\r\nGET /hidden HTTP/1.1\r\nX: y\r\n",
                "GET /c HTTP/1.1\r\nHost: {up}\r\nContent-Length: 28\r\n{b}\r\nGET /hidden HTTP/1.1\r\nX: y\r\n"),
            relayed(
                "CL.0: what follows is the next request",
                "POST /c HTTP/1.1\r\n{h}{a}Content-Length: 0\r\n\r\n\(hidden)",
                "POST /c HTTP/1.1\r\nHost: {up}\r\nContent-Length: 0\r\n{b}\r\n",
                "GET /hidden HTTP/1.1\r\nHost: {up}\r\n{b}\r\n"),
            relayed(
                "pipelined", "GET /c HTTP/1.1\r\n{h}{a}\r\n\(hidden)", "GET /c HTTP/1.1\r\nHost: {up}\r\n{b}\r\n",
                "GET /hidden HTTP/1.1\r\nHost: {up}\r\n{b}\r\n"),
        ]

    static let chunks: [SmugglingCase] =
        [
            "G\r\n", "\r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "+3\r\nabc\r\n0\r\n\r\n",
            "-3\r\nabc\r\n0\r\n\r\n",
            "3 \r\nabc\r\n0\r\n\r\n", " 3\r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "3\rabc\r\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n", "3\r\nabc\n0\r\n\r\n", "3\r\nabcX\r\n", "3\r\nabc0\r\n\r\n",
            "FFFFFFFFFFFFFFFFF\r\nabc", "10000000000000003\r\nabc", "8000000000000000\r\nabc",
            "00000000000000003\r\nabc\r\n0\r\n\r\n", "3;a=\n\r\nabc\r\n0\r\n\r\n", "3;a\u{0}\r\nabc\r\n0\r\n\r\n",
            "3;\u{7F}\r\nabc\r\n0\r\n\r\n", "3;" + String(repeating: "x", count: 300) + "\r\nabc\r\n0\r\n\r\n",
            "3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n", "3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "3\r\nabc\r\n0\r\nHost: evil\r\n\r\n", "3\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n",
            "3\r\nabc\r\n0\r\nImpersonate-User: root\r\n\r\n", "3\r\nabc\r\n0\r\nX-Remote-User: root\r\n\r\n",
            "3\r\nabc\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n", "3\r\nabc\r\n0\r\nAudit-Id: x\r\n\r\n",
            "3\r\nabc\r\n0\r\nConnection: close\r\n\r\n", "3\r\nabc\r\n0\r\nContent_Length: 5\r\n\r\n",
            "3\r\nabc\r\n0\r\nX: y\n\r\n", "3\r\nabc\r\n0\r\n folded\r\n\r\n", "3\r\nabc\r\n0\r\nX : y\r\n\r\n",
            "3\r\nabc\r\n0\r\n: y\r\n\r\n", "3\r\nabc\r\n0\r\n\n", "3\r\nabc\r\n0\n\r\n",
        ].map { refusedChunks($0) } + [
            refusedChunks("0\r\nX: " + String(repeating: "y", count: 9_000) + "\r\n\r\n", 431),
            chunked(
                "3\r\nabc\r\n0\r\nX: " + String(repeating: "y", count: 8_000) + "\r\n\r\n",
                becomes: "00000003\r\nabc\r\n0\r\nX: " + String(repeating: "y", count: 8_000) + "\r\n\r\n"),
            refusedChunks("0\r\n" + String(repeating: "X: y\r\n", count: 33) + "\r\n", 431),
            chunked("3\r\nabc\r\n0\r\n\r\n", becomes: "00000003\r\nabc\r\n0\r\n\r\n"),
            chunked("0\r\n\r\n", becomes: "0\r\n\r\n"),
            chunked("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", becomes: "00000003\r\nabc\r\n0\r\n\r\n"),
            chunked("3;ext=\"0\"; b\r\nabc\r\n0;last\r\n\r\n", becomes: "00000003\r\nabc\r\n0\r\n\r\n"),
            chunked("0000000000000003\r\nabc\r\n000\r\n\r\n", becomes: "00000003\r\nabc\r\n0\r\n\r\n"),
            chunked("A\r\n0\r\n\r\nGET /\r\n0\r\n\r\n", becomes: "0000000a\r\n0\r\n\r\nGET /\r\n0\r\n\r\n"),
            chunked("3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n", becomes: "00000003\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n"),
        ]

    static let lines: [SmugglingCase] =
        [
            "GET /c", "GET  /c HTTP/1.1", "GET /c  HTTP/1.1", "GET /c HTTP/1.1 ", " GET /c HTTP/1.1",
            "GET\t/c\tHTTP/1.1",
            "GET /c HTTP/1.1\u{0B}", "GET /c http/1.1", "GET /c HTTP/1.1x", "GET /c HTTP/11", "GET /c HTTP/1,1", "GET",
            "GET /c d HTTP/1.1", "/c HTTP/1.1", "G{}T /c HTTP/1.1", "GET: /c HTTP/1.1", "GE\u{0}T /c HTTP/1.1",
            "GET c HTTP/1.1", "GET /c#d HTTP/1.1", "GET /c\\d HTTP/1.1", "GET /%00 HTTP/1.1", "GET /%0d%0aX:y HTTP/1.1",
            "GET /%zz HTTP/1.1", "GET /% HTTP/1.1", "GET /a/../c HTTP/1.1", "GET /a/%2e%2e/c HTTP/1.1",
            "GET /a%2F..%2Fc HTTP/1.1", "GET /a/. HTTP/1.1", "GET /c?x=%00 HTTP/1.1", "GET /é HTTP/1.1",
            "GET * HTTP/1.1",
            "GET gw:443 HTTP/1.1", "GET http://evil/c HTTP/1.1", "GET http://user@gw/c HTTP/1.1",
            "GET http:///c HTTP/1.1", "GET ftp://gw/c HTTP/1.1", "GET http://gw:80/c HTTP/1.1", "GET /c\rX HTTP/1.1",
            "GET /c HTTP/1.1\r\r", "\r\n\r\nGET /c HTTP/1.1", "\nGET /c HTTP/1.1", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2",
        ].map { refusedLine($0) } + [
            refusedLine("CONNECT gw:443 HTTP/1.1", 501), refusedLine("TRACE /c HTTP/1.1", 501),
            refusedLine("TRACE * HTTP/1.1", 501), refusedLine("GET /c HTTP/2.0", 505),
            refusedLine("GET /c HTTP/0.9", 505), refusedLine("GET /c HTTP/1.2", 505),
            refusedLine("GET /\(String(repeating: "c", count: 9_000)) HTTP/1.1", 414),
            refusedLine("\(String(repeating: "G", count: 33)) /c HTTP/1.1", 501),
            refused("HTTP/0.9", "GET /c\r\n\r\n"), refused("an h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            refused("line feeds only", "GET /c HTTP/1.1\nHost: gw\n\n"),
            refused("no host", "GET /c HTTP/1.1\r\n{a}\r\n"), refused("no host in 1.0", "GET /c HTTP/1.0\r\n{a}\r\n"),
            refused("TLS in TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\r\n\r\n"),
            passedLine("get /c HTTP/1.1", becomes: "get /c HTTP/1.1"),
            passedLine("GET http://gw/c?d HTTP/1.1", becomes: "GET /c?d HTTP/1.1"),
            passedLine("GET HTTP://GW/c HTTP/1.1", becomes: "GET /c HTTP/1.1"),
            passedLine("GET https://gw HTTP/1.1", becomes: "GET / HTTP/1.1"),
            passedLine("GET //evil/c HTTP/1.1", becomes: "GET //evil/c HTTP/1.1"),
            passedLine("GET /c%2Fd?e=%0A HTTP/1.1", becomes: "GET /c%2Fd?e=%0A HTTP/1.1"),
            passedLine("OPTIONS * HTTP/1.1", becomes: "OPTIONS * HTTP/1.1"),
            passedLine("\r\nGET /c HTTP/1.1", becomes: "GET /c HTTP/1.1"),
        ]

    static let fields: [SmugglingCase] =
        [
            "Host: gw", "Host: evil", "Authorization: Bearer x", "Content-Type: a\r\nContent-Type: b", "X : y",
            "X\t: y",
            " X: y", "X: y\r\n folded", "X: y\r\n\tfolded", "X", ": y", "X(: y", "X Y: z", "X\u{0}: y", "X: \u{0}",
            "X: y\u{7F}", "X: a\rb", "X: a\nb", "X: a\r\r\nY: z", "Ünicode: x", "Impersonate_User: root",
            "X_Remote_User: root", "X-Remote_Group: x", "X_Forwarded_For: 1.2.3.4", "X_Real_IP: 1.2.3.4",
            "Audit_Id: x", "Proxy_Authorization: x", "Content_Type: x", "Sec_WebSocket_Protocol: x",
            "Connection: Impersonate-User", "Connection: Impersonate-Group, close", "Connection: Authorization",
            "Connection: X-Remote-User", "Connection: X-Forwarded-For", "Connection: Audit-Id", "Connection: Host",
            "Connection: Content-Length", "Connection: Content-Type", "Connection: Transfer-Encoding",
            "Connection: Sec-WebSocket-Protocol", "Connection: Expect", "Connection: a b", "Connection: \"close\"",
            "Connection: " + (1...33).map { "a\($0)" }.joined(separator: ","), "Upgrade: a\r\nUpgrade: b",
            "Expect: 100-continue\r\nExpect: 100-continue",
        ].map { refusedField($0) } + [
            refusedField("Expect: 200-ok", 417), refusedField("X: " + String(repeating: "y", count: 66_000), 431),
            refusedField((1...140).map { "X\($0): y" }.joined(separator: "\r\n"), 431),
            refusedField(String(repeating: "X", count: 66_000) + ": y", 431),
            refused("empty host", "GET /c HTTP/1.1\r\nHost:\r\n{a}\r\n"),
            refused("a host with a blank", "GET /c HTTP/1.1\r\nHost: a b\r\n{a}\r\n"),
            refused("a host with user information", "GET /c HTTP/1.1\r\nHost: a@gw\r\n{a}\r\n"),
            refused("a host with a path", "GET /c HTTP/1.1\r\nHost: gw/x\r\n{a}\r\n"),
            refused("a host with a quote", "GET /c HTTP/1.1\r\nHost: gw\"\r\n{a}\r\n"),
            refused("a host with a far port", "GET /c HTTP/1.1\r\nHost: gw:123456\r\n{a}\r\n"),
            passedField("X-Empty:", left: "X-Empty:\r\n"), passedField("X:y", left: "X:y\r\n"),
            passedField("X: \t y \t", left: "X: \t y \t\r\n"), passedField("X: caf\u{E9}", left: "X: caf\u{E9}\r\n"),
            passedField(
                "X-Remote-User: root\r\nX-Remote-Group: system:masters\r\nX-Remote-Extra-A: b\r\nY: z", left: "Y: z\r\n"
            ),
            passedField(
                "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nForwarded: for=1.2.3.4",
                left: ""),
            passedField("X-Real-IP: 1.2.3.4\r\nProxy-Authorization: x\r\nProxy-Connection: close", left: ""),
            passedField(
                "X-Request-Id: 7\r\ntraceparent: 00-a-b-01\r\ntracestate: c=d",
                left: "X-Request-Id: 7\r\ntraceparent: 00-a-b-01\r\ntracestate: c=d\r\n"),
            passedField(
                "Connection: X-Mine, keep-alive\r\nX-Mine: 1\r\nx-mine: 2\r\nKeep-Alive: 5\r\nX-Other: 3",
                left: "X-Other: 3\r\n"),
            passedField(
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", left: ""),
            passedField("Connection: Upgrade\r\nUpgrade: foo, websocket", left: ""),
            passedField("Upgrade: websocket", left: ""), passedField("TE: gzip", left: ""),
            passedField("TE: trailers", left: "Connection: TE\r\nTE: trailers\r\n"),
            passedField(
                "X: " + String(repeating: "y", count: 40_000),
                left: "X: " + String(repeating: "y", count: 40_000) + "\r\n"),
            refused(
                "impersonation", "GET /c HTTP/1.1\r\n{h}{a}Connection: close\r\nImpersonate-User: root\r\n\r\n", 403),
            refused(
                "an upgrade with a body",
                "POST /c HTTP/1.1\r\n{h}{a}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc"),
        ]
}
