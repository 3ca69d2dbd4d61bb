// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// HTTP/2 to the API server: the same requests, on streams.
    @Suite(.timeLimit(.minutes(5)))
    struct HTTP2UpstreamTests {
        private static let size = 64 << 20

        @Test("Bodies of 64 MiB arrive byte for byte, both ways, with a length and without")
        func bodies() throws {
            try HTTP2Upstream.run { world, upstream in
                let folder = try TemporaryFolder()
                let made = try shell("head -c \(Self.size) /dev/urandom > \(folder.file("up"))")
                #expect(made.succeeded)
                let digest = try shell("sha256sum < \(folder.file("up"))").output.prefix(64)
                let python = "import hashlib; print(hashlib.sha256(hashlib.shake_256(b'lychgate').digest(65536)*1024)"
                let expected = try ChildProcess.run(Harness.python, ["-c", python + ".hexdigest())"]).output.prefix(64)
                var table = FiguresTable("64 MiB through a stream", columns: ["way", "framing", "s"])
                for framing in ["sized", "chunked"] {
                    let field = framing == "sized" ? [] : ["--header", "Transfer-Encoding: chunked"]
                    var start = ContinuousClock.now
                    let up = try world.curl(
                        "/check/\(framing)",
                        arguments: field + ["--request", "POST", "--header", "Expect:", "-T", folder.file("up")],
                        token: world.token)
                    #expect(up.output == digest, "\(framing): \(up.output) \(up.errors)")
                    table.add("up", framing, ((.now - start).milliseconds / 1_000).rounded(to: 1))
                    start = .now
                    let path = framing == "sized" ? "/sized/\(Self.size)" : "/plain/\(Self.size)"
                    let down = try world.curl(
                        path, arguments: ["--output", folder.file("down")], token: world.token)
                    #expect(down.succeeded, "\(framing): \(down.errors)")
                    table.add("down", framing, ((.now - start).milliseconds / 1_000).rounded(to: 1))
                    #expect(try shell("sha256sum < \(folder.file("down"))").output.prefix(64) == expected)
                }
                table.print()
                // On streams at both ends.
                let both = try world.curl2("/check/both", arguments: ["--data-binary", "@" + world.certificates.key])
                #expect(both.output == (try shell("sha256sum < \(world.certificates.key)").output.prefix(64)))
                let report = try upstream.report()
                #expect(report.http1Begun == 0 && report.connectionsBegun == 1)
            }
        }

        private func shell(_ line: String) throws -> ChildProcess.Finished {
            try ChildProcess.run("/bin/sh", ["-c", line])
        }

        @Test("Statuses without bodies, HEAD, interim responses, trailers, and an answer before the request's end")
        func semantics() throws {
            try HTTP2Upstream.run { world, _ in
                for (path, method, status) in [
                    ("/warm", "GET", 200), ("/none/200", "GET", 200), ("/none/204", "GET", 204),
                    ("/none/304", "GET", 304), ("/warm", "HEAD", 200), ("/none/404", "HEAD", 404),
                ] {
                    let client = try world.gateway.connect()
                    for _ in 0..<2 {
                        let answer = try client.request(method, path, token: world.token)
                        #expect(answer.status == status, "\(method) \(path)")
                        #expect(answer.text == (status == 200 && method == "GET" && path == "/warm" ? "ok" : ""))
                    }
                    client.wire.close()
                }
                let interim = try world.curl("/interim/x", arguments: ["--include"], token: world.token)
                let begin = "HTTP/1.1 103 \r\nlink: </x>\r\n\r\nHTTP/1.1 200"
                #expect(interim.output.hasPrefix(begin), "\(interim.output)")
                #expect(interim.output.contains("x-end: yes"), "\(interim.output)")
                let trailers = try world.curl2("/interim/x", arguments: ["--include"])
                #expect(trailers.output.contains("x-end: yes"), "\(trailers.output)")
                let early = try world.curl2("/early/x", arguments: ["--include", "--data", "much"])
                #expect(early.output.contains("413") && early.output.hasSuffix("enough"), "\(early.output)")
            }
        }

        private static let bad = [
            "status", "switch", "connection", "chunked", "upper", "control", "lengths", "pseudo", "nothing",
        ]
        private static let floods = ["ping", "settings", "empty", "window", "interim", "unknown", "continuation"]

        @Test("A response that breaks the rules is a 502 or a cut, never relayed; floods end their connection alone")
        func invalid() throws {
            try HTTP2Upstream.run { world, upstream in
                for name in Self.bad {
                    let answer = try world.curl2("/bad/\(name)", arguments: ["--write-out", "%{http_code}"])
                    #expect(answer.output.hasSuffix("502") && answer.output.contains("Status"), "\(name): \(answer)")
                }
                // nghttp2 judges a length when its last byte is there: the client has a part then, and a cut.
                for name in ["short", "long"] {
                    let answer = try world.curl2("/bad/\(name)")
                    #expect(!answer.succeeded, "\(name): \(answer)")
                }
                #expect(try upstream.report().connectionsBegun == 1, "broken streams cost no connection")
                for (index, name) in Self.floods.enumerated() {
                    let answer = try world.curl2("/overdo/\(name)", arguments: ["--write-out", "%{http_code}"])
                    #expect(answer.output.hasSuffix("502") || !answer.succeeded, "\(name): \(answer)")
                    let next = try world.curl2("/warm")
                    #expect(next.output == "ok", "after \(name), the flood number \(index)")
                }
                let ended = try upstream.metrics().value("upstream_http2_ended_total", ["reason": "misbehaved"]) ?? 0
                #expect(ended >= 5, "\(ended) connections were cut")
            }
        }

        @Test("What the server never processed is sent again elsewhere; GOAWAYs under load fail no request")
        func declined() throws {
            try HTTP2Upstream.run { world, upstream in
                for path in ["/warm", "/refuse/1", "/leave/1", "/refuse/2"] {
                    let method = path == "/refuse/2" ? "POST" : "GET"
                    let answer = try world.curl2(path, arguments: ["--request", method])
                    #expect(answer.output == "ok", "\(path): \(answer)")
                }
                // With a body there is nothing left that could be sent again.
                let body = try world.curl2("/refuse/3", arguments: ["--data", "x", "--write-out", "%{http_code}"])
                #expect(body.output.hasSuffix("502"), "\(body)")
                let declined = try upstream.report().declined
                let retries = try upstream.metrics().value("upstream_retries_total")
                #expect(declined == 4 && retries == 3)

                let load = try ChildProcess(
                    Harness.executable("h2load"),
                    [
                        "--requests=3000", "--clients=4", "--max-concurrent-streams=4",
                        "--header=authorization: Bearer \(world.token)", "https://\(world.gateway.endpoint)/warm",
                    ], environment: [:], folder: TemporaryFolder())
                var rounds = 0
                while load.waitForExit(within: .milliseconds(50)) == nil {
                    _ = try upstream.report("goaway")
                    rounds += 1
                }
                #expect(load.output.contains("3000 succeeded, 0 failed"), "\(load.output)")
                #expect(rounds > 2, "the load was over before there was a GOAWAY")
                let table = try upstream.report()
                var figures = FiguresTable("GOAWAY every 50 ms under load", columns: ["what", "figure"])
                figures.add("GOAWAYs", "\(rounds)")
                figures.add("connections begun", "\(table.connectionsBegun)")
                figures.print()
            }
        }

        @Test("The server's bound on streams and the pool's on connections hold; beyond them requests wait, in time")
        func bounds() throws {
            try HTTP2Upstream.run(
                streams: 5,
                configure: {
                    $0.pool = ["maxConnections": "2", "maxIdle": "2", "idleTimeout": "1s"]
                    $0.deadlines = ["upstreamConnect": "1s"]
                }
            ) { world, upstream in
                let client = try world.http2Client()
                let held = (0..<10).map { client.request("GET", "/held/\($0)", token: world.token) }
                try wait("all streams") { try upstream.report().streams == 10 }
                #expect(try upstream.report().connections == 2)
                let late = client.request("GET", "/warm", token: world.token)
                #expect("\(client.end(of: late, by: .after(.seconds(5))))" == "answer 504")
                let next = client.request("GET", "/warm", token: world.token)
                client.reset(held[3])
                #expect("\(client.end(of: next, by: .after(.seconds(5))))" == "answer 200")
                let report = try upstream.report()
                #expect(report.connectionsBegun == 2 && report.largest == 5)
                for stream in held { client.reset(stream) }
                try wait("the streams' end") { try upstream.report().streams == 0 }
                let status = try world.gateway.status()
                #expect(status.upstreamConnections == 2 && status.upstreamIdle == 2)
                expectEventually("idle connections expire", within: .seconds(5)) {
                    (try? upstream.report().connections) == 0
                }
                client.wire.close()
            }
        }
    }
}
