// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("The token among a WebSocket's subprotocols")
struct WebSocketProtocolsTests {
    private static let prefix = "base64url.bearer.authorization.k8s.io."

    private func request(_ values: [String]) -> String {
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nA: b\r\n"
            + values.map { "Sec-WebSocket-Protocol: \($0)\r\n" }.joined() + "Z: y\r\n\r\n"
    }

    /// `none`, `invalid`, or the token.
    private func found(_ values: [String]) -> String {
        ByteView.of(Array(request(values).utf8)) { bytes in
            let fields = FieldTable(capacity: 16)
            var scan = HeadScan()
            let limits = HeadLimits(startLine: 8_192, head: 65_536, fields: 16)
            guard case .complete(let head) = RequestHeadParser.parse(bytes, scan: &scan, into: fields, limits: limits)
            else { return "no request" }
            #expect(head.hasWebSocketProtocols == !values.isEmpty)
            switch WebSocketProtocols.token(in: fields, of: bytes) {
            case .none: return "none"
            case .invalid: return "invalid"
            case .encoded(let range):
                return bytes[range].span { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
            }
        }
    }

    @Test(
        "It is found as kube-apiserver finds it",
        arguments: [
            ([], "none"), (["v4.channel.k8s.io"], "none"), (["v4.channel.k8s.io, \(prefix)dG9r"], "dG9r"),
            (["\(prefix)dG9r,v5.channel.k8s.io, v4.channel.k8s.io"], "dG9r"),
            (["\(prefix)dG9r", "v5.channel.k8s.io"], "dG9r"),
            // Nothing would be left to agree on.
            (["\(prefix)dG9r"], "invalid"), (["\(prefix)a, \(prefix)b, v4"], "invalid"),
            (["v4, \(prefix)a", "\(prefix)b"], "invalid"), (["v4, \(prefix)"], "none"),
        ] as [([String], String)])
    func token(_ values: [String], _ expected: String) {
        #expect(found(values) == expected)
    }

    @Test(
        "What Authorization could not have brought is no token: it may become a field again",
        arguments: [
            ("token-1", true), ("a.b-c_~", true), ("a\r\nImpersonate-User: root", false), ("a\nb", false),
            ("a b", false),
            ("a\u{0}", false), ("a\u{7F}", false), ("zo\u{EB}", false),
        ])
    func decoded(_ token: String, _ isGood: Bool) {
        let encoded = Base64URL.encode(Array(token.utf8))
        let found = ByteView.of(Array(encoded.utf8)) { bytes in
            WebSocketProtocols.decode(ByteRange(from: 0, to: bytes.count), in: bytes)
        }
        #expect(found == (isGood ? Array(token.utf8) : nil))
    }

    @Test(
        "It is never forwarded, and the others are",
        arguments: [
            (["v4"], "A: b\r\nSec-WebSocket-Protocol: v4\r\nZ: y\r\n"),
            (["v5, v4"], "A: b\r\nSec-WebSocket-Protocol: v5, v4\r\nZ: y\r\n"),
            (["v5, \(prefix)dG9r, v4"], "A: b\r\nZ: y\r\nSec-WebSocket-Protocol: v5,v4\r\n"),
            (["v5", "\(prefix)dG9r", "v4"], "A: b\r\nZ: y\r\nSec-WebSocket-Protocol: v5,v4\r\n"),
            (["\(prefix)dG9r"], "A: b\r\nZ: y\r\n"), (["\(prefix)", "\(prefix.uppercased())x"], "A: b\r\nZ: y\r\n"),
        ] as [([String], String)])
    func forwarded(_ values: [String], _ fields: String) {
        let expected =
            "GET / HTTP/1.1\r\nHost: u\r\n\(fields)Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        #expect(CodecHarness.forwarded(request(values), authority: "u", tunnel: true) == expected)
    }

    @Test("The field cannot be taken out of our sight by Connection or an underscore")
    func protected() {
        for line in ["Connection: Sec-WebSocket-Protocol", "Sec_WebSocket_Protocol: \(Self.prefix)dG9r"] {
            #expect(CodecHarness.head("GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n") == nil)
        }
    }
}
