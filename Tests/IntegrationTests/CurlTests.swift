// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// HTTP/1.1 as curl sees it, and as the API server does.
    @Suite(.timeLimit(.minutes(2)))
    struct CurlTests {
        @Test("One request, over each version of TLS", arguments: TLSContext.Version.allCases)
        func versions(version: TLSContext.Version) throws {
            try World.run { world in
                let number = version == .tls12 ? "1.2" : "1.3"
                let finished = try world.curl(
                    "/version",
                    arguments: ["--verbose", "--tlsv\(number)", "--tls-max", number], token: world.token)
                #expect(finished.succeeded && finished.output == "0", "\(finished.errors)")
                #expect(finished.errors.contains("SSL connection using \(version.rawValue)"))
                let seen = try #require(world.upstream.requests(for: "/version").first)
                #expect(seen.values("impersonate-user") == ["alice"])
                #expect(Set(seen.values("impersonate-group")) == ["developers", "system:authenticated"])
            }
        }

        @Test("A connection is kept for the next request")
        func keepAlive() throws {
            try World.run { world in
                let finished = try world.curl(
                    "/one", "/two", "/three",
                    arguments: ["--output", "/dev/null", "--write-out", "%{num_connects} %{http_code}\n"],
                    token: world.token)
                // curl applies --output to the first address only: the others' bodies come before their lines.
                let connects = finished.output.split(separator: "\n").compactMap {
                    $0.split(separator: " ").first?.last
                }
                #expect(connects == ["1", "0", "0"], "\(finished.output) \(finished.errors)")
                #expect(finished.output.components(separatedBy: "200").count == 4)
            }
        }

        @Test("HEAD, 204 and 304 have no body, and the connection goes on")
        func bodiless() throws {
            try World.run { world in
                let head = try world.curl("/", arguments: ["--head"], token: world.token)
                #expect(head.succeeded && head.output.lowercased().contains("content-length: 1234"), "\(head.errors)")
                let client = try world.gateway.connect()
                for (target, status) in [("/empty", 204), ("/unchanged", 304), ("/empty", 204)] {
                    let response = try client.request("GET", target, token: world.token)
                    #expect(response.status == status && response.body.isEmpty && response.end == .complete)
                }
                #expect(try client.request("HEAD", "/", token: world.token).head["content-length"] == "1234")
                #expect(try client.request("GET", "/", token: world.token).text == "0")
            }
        }

        @Test("An interim response goes through")
        func interim() throws {
            try World.run { world in
                let finished = try world.curl("/hints", arguments: ["--include"], token: world.token)
                #expect(finished.output.contains("103 Early Hints"), "\(finished.output) \(finished.errors)")
                #expect(finished.output.hasSuffix("after the hint"))
            }
        }

        @Test("Expect: 100-continue is the API server's to answer")
        func expect() throws {
            try World.run { world in
                let body = String(repeating: "x", count: 100_000)
                let expecting = [
                    "--header", "Expect: 100-continue", "--expect100-timeout", "10", "--data-binary", body,
                ]
                let start = ContinuousClock.now
                let taken = try world.curl("/continue", arguments: expecting, token: world.token)
                #expect(taken.output == "100000", "\(taken.errors)")
                let refused = try world.curl(
                    "/refuses", arguments: expecting + ["--write-out", " %{http_code} %{size_upload}"],
                    token: world.token)
                #expect(refused.output == "too large 413 0", "\(refused.output) \(refused.errors)")
                // Had the gateway kept the 100 to itself, curl would have waited out its 10 s.
                #expect(ContinuousClock.now - start < .seconds(5))
            }
        }

        @Test("A chunked upload and its trailers arrive; so do a response's")
        func chunksAndTrailers() throws {
            try World.run { world in
                let finished = try world.curl(
                    "/upload",
                    arguments: [
                        "--header", "Transfer-Encoding: chunked", "--data-binary",
                        String(repeating: "y", count: 70_000),
                    ], token: world.token)
                #expect(finished.output == "70000", "\(finished.errors)")

                let client = try world.gateway.connect()
                client.send(
                    "POST", "/upload", token: world.token, fields: ["Transfer-Encoding: chunked", "Trailer: X-Sum"])
                client.wire.write("5\r\nhello\r\n6;extension=1\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n")
                let response = try client.reader.readResponse(to: "POST", by: .after(.seconds(10)))
                #expect(response.text == "11")
                #expect(response.head["x-seen-trailer"] == "X-Sum=11")

                let chunked = try client.request("GET", "/chunks", token: world.token)
                #expect(chunked.text == "one,two,three" && chunked.end == .complete)
                #expect(chunked.trailers.map { "\($0.name): \($0.value)" } == ["X-Sum: 3"])
            }
        }

        @Test("A body that ends with the upstream's connection ends rightly for the client")
        func untilClose() throws {
            try World.run { world in
                let finished = try world.curl("/until-close", arguments: [], token: world.token)
                #expect(finished.succeeded && finished.output == "to the end", "\(finished.errors)")
                let response = try world.gateway.connect().request("GET", "/until-close", token: world.token)
                #expect(response.end == .complete || response.end == .closed)
            }
        }

        @Test("Without a good token: 401, WWW-Authenticate, a Status, and nothing goes upstream")
        func unauthorized() throws {
            try World.run { world in
                let expired = try world.issuer.token(for: "alice", expiresIn: -3_600)
                let tampered = world.token.dropLast(4) + (world.token.hasSuffix("AAAA") ? "BBBB" : "AAAA")
                for token in [nil, "nonsense", expired, String(tampered)] {
                    let response = try world.gateway.connect().request("GET", "/secret", token: token)
                    #expect(response.status == 401)
                    #expect(response.head["www-authenticate"]?.hasPrefix("Bearer") == true)
                    #expect(response.head["content-type"]?.hasPrefix("application/json") == true)
                    let status = try Status(response)
                    #expect(status.isFailure(401) && status.reason == "Unauthorized", "\(response.text)")
                }
                #expect(world.upstream.requests(for: "/secret").isEmpty)
                #expect(!world.gateway.log.contains(expired), "a token is in the log")
            }
        }

        @Test("What a client says of identity and of its connection never reaches the API server")
        func cleanedHead() throws {
            try World.run { world in
                let finished = try world.curl(
                    "/cleaned",
                    arguments: [
                        "--header", "Impersonate-User: root", "--header", "impersonate-group: system:masters",
                        "--header", "Impersonate-Uid: 0", "--header", "Impersonate-Extra-Scopes: all",
                        "--header", "Connection: keep-alive, X-Private", "--header", "X-Private: 1",
                        "--header", "Keep-Alive: timeout=5", "--header", "Proxy-Authorization: Basic Zm9vOmJhcg==",
                        "--header", "TE: trailers", "--header", "Proxy-Connection: keep-alive",
                        "--header", "X-Kept: yes", "--write-out", " %{http_code}",
                    ], token: world.token)
                let refused = finished.output.hasSuffix(" 403")
                let seen = world.upstream.requests(for: "/cleaned")
                #expect(refused == seen.isEmpty, "\(finished.output)")

                // Without the impersonation headers it must go through, the rest removed.
                _ = try world.curl(
                    "/cleaned-again",
                    arguments: [
                        "--header", "Connection: keep-alive, X-Private", "--header", "X-Private: 1",
                        "--header", "Keep-Alive: timeout=5", "--header", "Proxy-Authorization: Basic Zm9vOmJhcg==",
                        "--header", "Proxy-Connection: keep-alive", "--header", "X-Kept: yes",
                    ], token: world.token)
                let plain = world.upstream.requests(for: "/cleaned-again")
                #expect(plain.count == 1)
                for head in seen + plain {
                    #expect(head.values("impersonate-user") == ["alice"])
                    #expect(!head.values("impersonate-group").contains("system:masters"))
                    #expect(head["impersonate-uid"] == nil && head["impersonate-extra-scopes"] == nil)
                    for name in ["x-private", "keep-alive", "proxy-authorization", "proxy-connection"] {
                        #expect(head[name] == nil, "\(name) reached the upstream")
                    }
                    #expect(head["x-kept"] == "yes")
                    #expect(!head.values("authorization").contains { $0.contains(world.token) })
                }
            }
        }

        @Test("A head that is ambiguous or too long is refused, and the connection closed")
        func strictness() throws {
            try World.run { world in
                let bad: [(String, ClosedRange<Int>)] = [
                    ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400...400),
                    ("GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400...400),
                    ("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", 400...400),
                    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400...400),
                    ("GET /\(String(repeating: "a", count: 9_000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414...414),
                    ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "A: b\r\n", count: 200))\r\n", 431...431),
                ]
                let before = world.upstream.requests.count
                for (bytes, expected) in bad {
                    let client = try world.gateway.connect()
                    client.wire.write(bytes)
                    let response = try client.reader.readResponse(by: .after(.seconds(5)))
                    #expect(expected.contains(response.status), "\(response.status) for \(bytes.prefix(60))")
                    #expect(try Status(response).isFailure(response.status))
                    #expect(client.drain(by: .after(.seconds(5))) != nil, "the connection stayed open")
                }
                #expect(world.upstream.requests.count == before)
            }
        }

        @Test("Pipelined requests are answered in their order, or the connection ends after the first")
        func pipelining() throws {
            try World.run { world in
                let client = try world.gateway.connect()
                client.send("POST", "/first", token: world.token, body: "1")
                client.send("POST", "/second", token: world.token, body: "22")
                #expect(try client.reader.readResponse(to: "POST", by: .after(.seconds(5))).text == "1")
                if let second = try? client.reader.readResponse(to: "POST", by: .after(.seconds(5))) {
                    #expect(second.text == "2")
                } else {
                    #expect(world.upstream.requests(for: "/second").isEmpty)
                }
            }
        }
    }
}
