// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Editing heads")
struct HeadEditorTests {
    @Test("What a client says about itself and about its hop does not go upstream")
    func request() {
        let sent = """
            POST /a?b HTTP/1.1\r
            Accept: x\r
            Host: client\r
            Authorization: Bearer secret\r
            Impersonate-User: root\r
            impersonate-extra-a: b\r
            X-Remote-User: root\r
            X-Forwarded-For: 1.2.3.4\r
            Forwarded: for=1.2.3.4\r
            Connection: keep-alive, X-Hop, TE\r
            X-Hop: gone\r
            x-hop: gone too\r
            Keep-Alive: timeout=5\r
            Proxy-Connection: keep-alive\r
            Proxy-Authorization: Basic x\r
            HTTP2-Settings: x\r
            Expect: 100-continue\r
            TE: trailers\r
            Upgrade: h2c\r
            Trailer: X-Sum\r
            Content-Type: application/json\r
            User-Agent:  kubectl \r
            Content-Length: 3\r
            Cookie: a=b\r
            \r

            """
        let expected = """
            POST /a?b HTTP/1.1\r
            Host: up:1\r
            Accept: x\r
            Expect: 100-continue\r
            Content-Type: application/json\r
            User-Agent:  kubectl \r
            Cookie: a=b\r
            Connection: TE\r
            TE: trailers\r
            Content-Length: 3\r
            Authorization: Bearer ours\r
            Impersonate-User: alice\r
            \r

            """
        let block = "Authorization: Bearer ours\r\nImpersonate-User: alice\r\n"
        #expect(CodecHarness.forwarded(sent, authority: "up:1", block: block) == expected)
    }

    @Test("Chunks keep their announced trailers, and tunnels their upgrade")
    func requestVariants() {
        let chunked = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
        #expect(
            CodecHarness.forwarded(chunked, authority: "u")
                == "PUT / HTTP/1.1\r\nHost: u\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n")
        let upgrade =
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"
        #expect(
            CodecHarness.forwarded(upgrade, authority: "u", tunnel: true)
                == "GET / HTTP/1.1\r\nHost: u\r\nSec-WebSocket-Key: k\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        #expect(
            CodecHarness.forwarded(upgrade, authority: "u")
                == "GET / HTTP/1.1\r\nHost: u\r\nSec-WebSocket-Key: k\r\n\r\n")
        #expect(
            CodecHarness.forwarded("GET / HTTP/1.0\r\nHost: a\r\n\r\n", authority: "")
                == "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    }

    @Test("What does not fit is said so, at every size")
    func overflow() throws {
        let sent = "GET /abc HTTP/1.1\r\nHost: a\r\nAccept: b\r\nContent-Length: 12\r\n\r\n"
        let whole = try #require(CodecHarness.forwarded(sent, block: "X: y\r\n"))
        for capacity in 0..<whole.utf8.count {
            #expect(CodecHarness.forwarded(sent, block: "X: y\r\n", capacity: capacity) == nil)
        }
        #expect(CodecHarness.forwarded(sent, block: "X: y\r\n", capacity: whole.utf8.count) == whole)
    }

    @Test(
        "Responses",
        arguments: [
            (
                "Content-Length: 5\r\nConnection: close, X-Hop\r\nX-Hop: a\r\nKeep-Alive: x\r\nAudit-Id: i", 1 as UInt8,
                false,
                "Audit-Id: i\r\nContent-Length: 5\r\n"
            ),
            ("Content-Length: 5", 1, true, "Content-Length: 5\r\nConnection: close\r\n"),
            ("Content-Length: 5", 0, false, "Content-Length: 5\r\nConnection: keep-alive\r\n"),
            ("Transfer-Encoding: chunked\r\nTrailer: X", 1, false, "Trailer: X\r\nTransfer-Encoding: chunked\r\n"),
            ("Transfer-Encoding: chunked\r\nTrailer: X", 0, false, "Connection: close\r\n"),
            ("Upgrade: h2c", 1, false, "Transfer-Encoding: chunked\r\n"),
        ])
    func responses(_ lines: String, _ minorVersion: UInt8, _ close: Bool, _ expected: String) {
        let out = CodecHarness.relayed("HTTP/1.1 200 OK\r\n\(lines)\r\n\r\n", minorVersion: minorVersion, close: close)
        #expect(out == "HTTP/1.1 200 OK\r\n\(expected)\r\n")
    }

    @Test("Responses without a body")
    func bodiless() {
        #expect(
            CodecHarness.relayed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", to: .head)
                == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        #expect(
            CodecHarness.relayed("HTTP/1.0 304 x\r\nContent-Length: 5\r\nETag: e\r\n\r\n")
                == "HTTP/1.1 304 x\r\nETag: e\r\nContent-Length: 5\r\n\r\n")
        #expect(
            CodecHarness.relayed("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
                == "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(
            CodecHarness.relayed("HTTP/1.1 103 Early Hints\r\nLink: l\r\nConnection: close\r\n\r\n", close: true)
                == "HTTP/1.1 103 Early Hints\r\nLink: l\r\n\r\n")
        #expect(
            CodecHarness.relayed("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
                == "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
    }
}
