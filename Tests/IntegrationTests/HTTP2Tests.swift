// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// HTTP/2 as curl, nghttp, h2load and two Python libraries see it, and as the API server sees what comes of it.
    @Suite(.timeLimit(.minutes(3)))
    struct HTTP2Tests {
        @Test(
            "An answer before the request's end reaches curl, whatever it still sends",
            arguments: [10, 1 << 20, 8 << 20])
        func earlyAnswer(size: Int) throws {
            try World.run { world in
                let folder = try TemporaryFolder()
                let body = try folder.write("body", String(repeating: "x", count: size))
                for round in 0..<3 {
                    let finished = try world.curl2(
                        "/refuses",
                        arguments: [
                            "--header", "Expect:", "--data-binary", "@" + body, "--write-out",
                            " %{http_code} %{http_version}",
                        ])
                    #expect(finished.output == "too large 413 2", "round \(round): \(finished.errors)")
                }
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        @Test("A request that goes on after its answer is told to stop, and its stream is given back")
        func requestWithoutEnd() throws {
            try World.run { world in
                let client = try world.http2Client()
                let stream = client.request("POST", "/refuses", token: world.token, endsStream: false)
                #expect("\(client.end(of: stream, by: .after(.seconds(5))))" == "answer 413")
                #expect(try world.gateway.status().inFlight == 0)
                client.send(.data, stream: stream, payload: [UInt8](repeating: 0x78, count: 16_384))
                #expect(client.end(of: stream, by: .after(.seconds(5))) == .reset(0))
                let next = client.request("GET", "/", token: world.token)
                #expect("\(client.end(of: next, by: .after(.seconds(5))))" == "answer 200")
                client.wire.close()
            }
        }

        @Test("curl: GET, HEAD, POST, 204, 304, 103, Expect: 100-continue, trailers, a cut body")
        func curl() throws {
            try World.run { world in
                let version = ["--write-out", " %{http_version} %{http_code}"]
                #expect(try world.curl2("/", arguments: version).output == "0 2 200")
                #expect(try world.curl2("/", arguments: version + ["--data", "12345"]).output == "5 2 200")
                #expect(try world.curl2("/empty", arguments: version).output == " 2 204")
                #expect(try world.curl2("/unchanged", arguments: version).output == " 2 304")
                #expect(try world.curl2("/until-close", arguments: version).output == "to the end 2 200")
                #expect(try world.curl2("/chunks", arguments: version).output == "one,two,three 2 200")
                let head = try world.curl2("/", arguments: ["--head"])
                #expect(head.output.hasPrefix("HTTP/2 200") && head.output.contains("content-length: 1234"))
                let hints = try world.curl2("/hints", arguments: ["--include"])
                #expect(hints.output.contains("HTTP/2 103") && hints.output.hasSuffix("after the hint"))
                let asked = try world.curl2(
                    "/continue",
                    arguments: [
                        "--header", "Expect: 100-continue", "--expect100-timeout", "10", "--data-binary",
                        String(repeating: "x", count: 100_000), "--include",
                    ])
                #expect(asked.output.contains("HTTP/2 100") && asked.output.hasSuffix("100000"), "\(asked)")
                let cut = try world.curl2("/cut")
                #expect(cut.exit == .code(92) && cut.output == "not all", "\(cut)")
                for head in world.upstream.requests(for: "/") {
                    #expect(head.values("impersonate-user") == ["alice"])
                    #expect(head["x-forwarded-proto"] == "https" && head["authorization"] == nil)
                }
            }
        }

        @Test("nghttp: trailers both ways")
        func nghttp() throws {
            try World.run { world in
                let folder = try TemporaryFolder()
                let body = try folder.write("body", "12345")
                func run(_ arguments: [String], _ path: String) throws -> String {
                    try ChildProcess.run(
                        "nghttp",
                        ["--verbose", "--header", "authorization: Bearer \(world.token)"] + arguments
                            + ["https://\(world.gateway.endpoint)\(path)"]
                    ).output
                }
                let response = try run([], "/chunks")
                // Between the body's pieces stand the frames that brought them.
                #expect(response.contains("x-sum: 3") && response.contains("three"), "\(response)")
                let request = try run(
                    ["--data", body, "--no-content-length", "--trailer", "x-sum: 7", "--header", "trailer: x-sum"],
                    "/upload")
                #expect(request.contains("x-seen-trailer: x-sum=7"), "\(request)")
            }
        }

        @Test("h2load: 4,000 requests, 200 at once, all served")
        func h2load() throws {
            try World.run(upstreamTLS: false) { world in
                let finished = try ChildProcess.run(
                    "h2load",
                    [
                        "--requests=4000", "--clients=4", "--max-concurrent-streams=50", "--header",
                        "authorization: Bearer \(world.token)", "https://\(world.gateway.endpoint)/load",
                    ], within: .seconds(60))
                #expect(finished.output.contains("4000 succeeded, 0 failed, 0 errored"), "\(finished.output)")
                #expect(finished.output.contains("status codes: 4000 2xx"), "\(finished.output)")
            }
        }

        @Test("httpx: 200 uploads at once on one connection, each with its own answer")
        func httpx() throws {
            struct Result: Decodable {
                let versions: [String]
                let statuses: [Int]
                let wrong: Int
                let empty: Int
                let hints: String
                let chunks: String
                let stream: String
            }
            try World.run { world in
                let result: Result = try HTTP2Script.run("http2_httpx", [], in: world)
                #expect(result.versions == ["HTTP/2"] && result.statuses == [200] && result.wrong == 0)
                #expect(result.empty == 204 && result.hints == "after the hint")
                #expect(result.chunks == "one,two,three" && result.stream == "50000")
            }
        }

        // MARK: Semantics

        @Test("Responses as RFC 9113 has them: trailers, interim heads, no body where none may be, a cut that shows")
        func responses() throws {
            struct Summary: Decodable {
                let status: Int?
                let reset: Int?
                let ended: Bool
                let length: Int
            }
            struct Chunks: Decodable {
                let body: String
                let trailers: [[String]]
                let ended: Bool
            }
            struct Hints: Decodable {
                let interim: [String]
                let body: String
            }
            struct Head: Decodable {
                let length: String
                let body: Int
                let ended: Bool
            }
            struct Result: Decodable {
                let chunks: Chunks
                let hints: Hints
                let head: Head
                let empty: Summary
                let unchanged: Summary
                let untilClose: String
                let cut: Summary
            }
            try World.run { world in
                let result: Result = try HTTP2Script.run("http2_semantics", ["responses"], in: world)
                #expect(result.chunks.body == "one,two,three" && result.chunks.ended)
                #expect(result.chunks.trailers == [["x-sum", "3"]])
                #expect(result.hints.interim == ["103"] && result.hints.body == "after the hint")
                #expect(result.head.length == "1234" && result.head.body == 0 && result.head.ended)
                #expect(result.empty.status == 204 && result.empty.ended && result.empty.length == 0)
                #expect(result.unchanged.status == 304 && result.unchanged.ended && result.unchanged.length == 0)
                #expect(result.untilClose == "to the end")
                #expect(result.cut.status == 200 && result.cut.reset != nil && !result.cut.ended)
            }
        }

        @Test("Requests as RFC 9113 has them: trailers, lengths, 100-continue, cookies in crumbs")
        func requests() throws {
            struct Trailers: Decodable {
                let body: String
                let seen: String?
            }
            struct Continue: Decodable {
                let asked: Bool
                let body: String
            }
            struct Refused: Decodable {
                let status: Int
                let ended: Bool
                let reset: Int?
            }
            struct Result: Decodable {
                let trailers: Trailers
                let length: String
                let `continue`: Continue
                let crumbs: Int
                let refused: Refused
            }
            try World.run { world in
                let result: Result = try HTTP2Script.run("http2_semantics", ["requests"], in: world)
                #expect(result.trailers.body == "1000" && result.trailers.seen == "x-sum=7")
                #expect(result.length == "5")
                #expect(result.continue.asked && result.continue.body == "3")
                #expect(result.crumbs == 200)
                #expect(world.upstream.requests(for: "/crumbs").first?.values("cookie") == ["a=1; b=2"])
                #expect(result.refused.status == 413 && result.refused.ended && result.refused.reset == 0)
            }
        }

        /// Statuses that a malformed request may be answered with; a reset or a GOAWAY is as good.
        @Test("Malformed requests are refused, and no byte of theirs is read differently upstream")
        func malformed() throws {
            struct Verdict: Decodable {
                let status: Int?
                let reset: Int?
                let goaway: Int?
            }
            try SmugglingWorld.run { recorded in
                let world = recorded.world
                let before = recorded.recorder.messages
                let result: [String: Verdict] = try HTTP2Script.run(
                    "http2_semantics", ["malformed"], in: world, within: .seconds(120))
                #expect(result.count >= 48)
                // A missing `:authority` is as in HTTP/1.1 a request without a Host.
                for (name, verdict) in result.sorted(by: { $0.key < $1.key }) {
                    let refused = verdict.status.map { $0 >= 400 } ?? (verdict.reset != nil || verdict.goaway != nil)
                    #expect(refused, "\(name): \(verdict)")
                }
                // `impersonation` is well-formed: it is forbidden.
                #expect(result["impersonation"]?.status == 403)
                #expect(result["large"]?.status == 431 && result["too many fields"]?.status == 431)
                #expect(result["long path"]?.status == 414)
                #expect(result["connect"]?.status == 501)
                #expect(result["extended connect"]?.status == 400, "\(String(describing: result["extended connect"]))")
                #expect(result["dot segments"]?.status == 400 && result["trace"]?.status == 501)
                for name in ["forbidden trailer", "impersonation in trailers"] {
                    #expect(result[name]?.status == 400 && result[name + " at once"]?.status == 400, "\(name)")
                }
                // None of them has become a request, be it another one, and there is nothing that is none.
                #expect(recorded.recorder.messages == before)
                #expect(recorded.recorder.unreadable == [])
            }
        }

        @Test("A request that its trailers break is refused at once, and its connection goes on")
        func brokenTrailers() throws {
            try World.run(configure: { $0.deadlines = ["bodyProgress": "20s"] }) { world in
                for (number, trailer) in [("content-length", "5"), ("x-long", String(repeating: "y", count: 9_000))]
                    .enumerated()
                {
                    let client = try world.http2Client()
                    defer { client.wire.close() }
                    // Head, body and trailers in one read: the request has not begun when its trailers are judged.
                    let start = ContinuousClock.now
                    let stream = client.request("POST", "/upload", token: world.token, endsStream: false) { stream in
                        HTTP2Client.frame(.data, stream: stream, payload: Array("12345".utf8))
                            + HTTP2Client.frame(
                                .headers, flags: 5, stream: stream, payload: HTTP2Client.block([trailer]))
                    }
                    let expected = number == 0 ? "answer 400" : "answer 431"
                    #expect("\(client.end(of: stream, by: .after(.seconds(10))))" == expected)
                    #expect(ContinuousClock.now - start < .seconds(5), "\(trailer.0)")
                    let next = client.request("GET", "/", token: world.token)
                    #expect("\(client.end(of: next, by: .after(.seconds(5))))" == "answer 200")
                    // The trailers come when the request is under way.
                    let other = try world.http2Client()
                    defer { other.wire.close() }
                    let late = other.request("POST", "/upload", token: world.token, endsStream: false)
                    other.send(.data, stream: late, payload: Array("12345".utf8))
                    try wait("the upload") { world.upstream.requestCount(for: "/upload") == number + 1 }
                    other.send(.headers, flags: 5, stream: late, payload: HTTP2Client.block([trailer]))
                    #expect("\(other.end(of: late, by: .after(.seconds(10))))" == expected)
                }
                // Those that never began were never sent.
                #expect(world.upstream.requestCount(for: "/upload") == 2)
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        // MARK: Bodies

        @Test("Bodies of 64 MiB arrive byte for byte both ways, of known and of unknown length")
        func bodies() throws {
            try World.run(script: BodyTests.serve) { world in
                let size = 64 << 20
                let folder = try TemporaryFolder()
                let pattern = folder.file("pattern")
                _ = FileManager.default.createFile(atPath: pattern, contents: nil)
                let writer = try #require(FileHandle(forWritingAtPath: pattern))
                for offset in stride(from: 0, to: size, by: 65_536) {
                    try writer.write(contentsOf: Data(Pattern.bytes(at: offset, count: 65_536)))
                }
                try writer.close()
                var table = FiguresTable("HTTP/2: bodies of 64 MiB", columns: ["way", "s"])
                func measured(_ what: String, _ body: () throws -> Void) rethrows {
                    let start = ContinuousClock.now
                    try body()
                    table.add(what, ((ContinuousClock.now - start).milliseconds / 1_000).rounded(to: 2))
                }
                try measured("up, sized") {
                    let finished = try world.curl2(
                        "/check/\(size)", arguments: ["--request", "POST", "--upload-file", pattern])
                    #expect(finished.output == "exact", "\(finished)")
                }
                try measured("up, length unknown") {
                    let finished = try ChildProcess.run(
                        "nghttp",
                        [
                            "--header", "authorization: Bearer \(world.token)", "--data", pattern,
                            "--no-content-length", "https://\(world.gateway.endpoint)/check/\(size)",
                        ], within: .seconds(60))
                    #expect(finished.output == "exact", "\(finished)")
                }
                for kind in ["sized", "chunked"] {
                    try measured("down, \(kind) upstream") {
                        let target = folder.file("down")
                        let finished = try world.curl2("/\(kind)/\(size)", arguments: ["--output", target])
                        #expect(finished.succeeded, "\(finished.errors)")
                        let same = try ChildProcess.run("cmp", [pattern, target])
                        #expect(same.succeeded, "\(same.output)")
                    }
                }
                table.print()
                #expect(world.gateway.waitUntilIdle(within: .seconds(5)))
            }
        }

        // MARK: Limits

        @Test("128 streams at once; more are refused unprocessed, or end the connection of a client that knew")
        func concurrentStreams() throws {
            try World.run(script: ExchangeState.serve) { world in
                let client = try world.http2Client()
                let settings = try #require(client.first(by: .after(.seconds(5))) { $0.kind == .settings })
                var announced: [Int: Int] = [:]
                for index in stride(from: 0, to: settings.payload.count, by: 6) {
                    let entry = settings.payload[index..<index + 6].map(Int.init)
                    announced[entry[0] << 8 | entry[1]] = entry[2...].reduce(0) { $0 << 8 | $1 }
                }
                // MAX_CONCURRENT_STREAMS, MAX_HEADER_LIST_SIZE; and ENABLE_CONNECT_PROTOCOL (RFC 8441) not offered.
                #expect(announced[3] == 128 && announced[6] == 65_536 && announced[8] == 0, "\(announced)")
                let open = (0..<128).map { client.request("GET", "/silent/\($0)", token: world.token) }
                try wait("128 requests upstream") { world.upstream.requests.count == 128 }
                client.reset(open[0])
                try wait("the end of one") { world.upstream.closes.count == 1 }
                let next = client.request("GET", "/warm", token: world.token)
                #expect("\(client.end(of: next, by: .after(.seconds(5))))" == "answer 200")
                let last = client.request("GET", "/silent/last", token: world.token)
                try wait("the last one") { world.upstream.requestCount(for: "/silent/last") == 1 }
                // It has acknowledged the limit: to go beyond it is an error of the whole connection.
                _ = client.request("GET", "/silent/beyond", token: world.token)
                let end = try #require(client.first(by: .after(.seconds(5))) { $0.kind == .goAway })
                #expect(end.reason == 1 && end.lastStream == last)
                #expect(world.gateway.waitUntilIdle(within: .seconds(5)))
                #expect(world.upstream.requestCount(for: "/silent/beyond") == 0)

                // One that could not know it yet may ask again.
                let early = try world.http2Client()
                let many = (0..<129).map { early.request("GET", "/silent/early\($0)", token: world.token) }
                #expect(early.end(of: many[128], by: .after(.seconds(5))) == .reset(7))
                #expect(world.upstream.requestCount(for: "/silent/early128") == 0)
                early.wire.close()
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        @Test("Streams that nobody reads and uploads that nobody takes neither stall their neighbours nor grow memory")
        func slowStreams() throws {
            try World.run(
                receiveBuffer: 65_536, configure: { $0.workers = 1 }, script: ExchangeState.serve
            ) { world in
                _ = try HTTP2CancellationTests.baseline(of: world)
                let idle = try #require(world.gateway.workers().first?.rssAnon)
                let client = try world.http2Client()
                let count = 40
                for index in 0..<count { _ = client.request("GET", "/flood/\(index)", token: world.token) }
                try wait("the upstreams to be held up", within: .seconds(30)) {
                    (0..<count).allSatisfy { world.upstream.isMarked("blocked", for: "/flood/\($0)") }
                }
                let held = try #require(world.gateway.workers().first?.rssAnon)
                // Uploads beside them, until their windows stay shut.
                for index in 0..<10 {
                    let stream = client.request("POST", "/plug/\(index)", token: world.token, endsStream: false)
                    try HTTP2StreamCase.fill(client, stream)
                }
                var times: [Double] = []
                for _ in 0..<100 {
                    let start = ContinuousClock.now
                    let stream = client.request("GET", "/warm", token: world.token)
                    #expect("\(client.end(of: stream, by: .after(.seconds(5))))" == "answer 200")
                    times.append((ContinuousClock.now - start).milliseconds)
                }
                let before = world.gateway.workers().map(\.processorMilliseconds).reduce(0, +)
                sleep(for: .seconds(1))
                let busy = world.gateway.workers().map(\.processorMilliseconds).reduce(0, +) - before
                let last = try #require(world.gateway.workers().first?.rssAnon)
                var table = FiguresTable(
                    "HTTP/2: 40 shut windows and 10 uploads that nobody takes", columns: ["what", "figure"])
                table.add("MiB above idle, windows shut", (held - idle).mebibytes)
                table.add("MiB above idle, with the uploads", (last - idle).mebibytes)
                table.add("neighbour's request, ms, p99", times.sorted()[98].rounded(to: 1))
                table.add("processor ms in a second without a move", "\(busy)")
                table.print()
                #expect(held - idle < 8 << 20 && last - idle < 12 << 20)
                #expect(times.sorted()[98] < 1_000)
                #expect(busy < 200)
                client.wire.close()
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
            }
        }

        // MARK: Ends

        @Test("A drain ends a connection in two steps, and what is in flight is served out")
        func drain() throws {
            let world = try World(
                configure: { $0.deadlines = ["drain": "3s", "hardStop": "6s"] }, script: ShutdownTests.serve)
            let gateway = world.gateway
            let client = try world.http2Client()
            let soon = client.request("GET", "/soon", token: world.token)
            let watch = client.request("GET", "/api/v1/pods?watch=true", token: world.token)
            try wait("the requests upstream") { world.upstream.requests.count == 2 }
            let stopping = Harness.inBackground { gateway.stop() }
            let deadline = Deadline.after(.seconds(8))
            let notice = try #require(client.first(by: deadline) { $0.kind == .goAway })
            #expect(notice.lastStream == 0x7fff_ffff && notice.reason == 0)
            // It crossed the notice: the PING behind that is not answered yet, so it must still be served.
            let late = client.request("GET", "/soon", token: world.token)
            var ended: [Int: HTTP2Client.Frame] = [:]
            var last: HTTP2Client.Frame?
            while ended.count < 3, let frame = client.next(by: deadline) {
                if frame.kind == .goAway { last = frame }
                if frame.endsStream || frame.kind == .resetStream { ended[frame.stream] = frame }
            }
            let final = try #require(last)
            #expect(final.lastStream == late && final.reason == 0)
            #expect(ended[soon]?.endsStream == true && ended[late]?.endsStream == true, "\(ended)")
            #expect(ended[watch] != nil, "a watch is ended at the drain's deadline at the latest")
            let stopped = stopping()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
            #expect(stopped.took < .seconds(5))
            world.upstream.stop()
        }

        @Test("`lychgate restart` under load over HTTP/2 fails no request")
        func restart() throws {
            struct Tally: Decodable {
                let served: Int
                let again: Int
                let goaways: Int
                let connections: Int
                let errors: [String]
            }
            try World.run { world in
                let load = try HTTP2Script.start("http2_load", ["/api/v1/pods", "8"], in: world)
                sleep(for: .seconds(1))
                let finished = try ChildProcess.run(
                    "lychgate", ["restart", "--socket", world.gateway.control.path, "--timeout", "50s"],
                    within: .seconds(60))
                #expect(finished.succeeded, "\(finished.errors)")
                #expect(load.waitForExit(within: .seconds(30)) == .code(0), "\(load.errors)")
                let tally: Tally = try HTTP2Script.decode(load.output)
                #expect(tally.errors == [] && tally.served > 200)
                #expect(tally.connections > 4 && tally.goaways >= 4, "\(tally)")
                var table = FiguresTable("HTTP/2: rolling restart under load", columns: ["what", "figure"])
                table.add("served", "\(tally.served)")
                table.add("failed", "\(tally.errors.count)")
                table.add("begun again, as GOAWAY says", "\(tally.again)")
                table.print()
            }
        }
    }
}
