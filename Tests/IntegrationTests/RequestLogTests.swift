// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// One line for each request, whatever became of it, always with the same fields.
    @Suite(.timeLimit(.minutes(2)))
    struct RequestLogTests {
        static let fields: Set<String> = [
            "ts", "msg", "worker", "id", "audit_id", "client", "listener", "protocol", "method", "path", "verb",
            "api_group", "api_version", "namespace", "resource", "subresource", "name", "user", "impersonated",
            "status",
            "end", "bytes_in", "bytes_out", "duration_us", "long_running", "retried",
        ]

        struct Line {
            let members: [String: Any]

            func text(_ name: String) -> String { members[name] as? String ?? "?" }
            func number(_ name: String) -> Int { members[name] as? Int ?? -1 }
        }

        static func lines(of world: World) -> [Line] {
            world.gateway.log.split(separator: "\n").filter { $0.hasPrefix("{") }.compactMap {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]).map { Line(members: $0) }
            }
        }

        /// The one line that is wanted.
        static func line(_ world: World, _ what: String, _ isWanted: (Line) -> Bool) throws -> Line {
            var found: Line?
            try wait("a line of \(what)") {
                found = lines(of: world).last(where: isWanted)
                return found != nil
            }
            let line = try #require(found)
            #expect(Set(line.members.keys) == fields, "\(what)")
            #expect(line.text("listener") == "main" && line.text("msg") == "request", "\(what)")
            #expect(line.text("ts").hasSuffix("Z") && line.text("ts").count == 24, "\(what)")
            return line
        }

        static func line(_ world: World, end: String, protocol name: String = "http/1.1") throws -> Line {
            try line(world, end) { $0.text("end") == end && $0.text("protocol") == name }
        }

        @Test("Served, cancelled, over HTTP/2, as a tunnel: with what kube-apiserver would call it")
        func exchanges() throws {
            try World.run(script: Self.serve) { world in
                let worker = { (line: Line) in "\(line.text("worker"))/\(line.number("id"))" }
                let client = try world.gateway.connect()
                let path = "/apis/apps/v1/namespaces/shop/deployments/web/scale"
                #expect(try client.request("GET", path + "?token=secret", token: world.token).status == 200)
                let served = try Self.line(world, end: "completed")
                for (name, value) in [
                    "verb": "get", "api_group": "apps", "api_version": "v1", "namespace": "shop",
                    "resource": "deployments", "subresource": "scale", "name": "web", "user": "alice", "path": path,
                    "method": "GET",
                ] {
                    #expect(served.text(name) == value, "\(name)")
                }
                #expect(served.number("status") == 200 && served.number("id") > 0)
                client.wire.close()

                // The name by which ps and kill know a request is the line's worker and id.
                let watching = try world.gateway.connect()
                watching.send("GET", "/api/v1/pods?watch=1", token: world.token)
                try wait("the watch") { world.upstream.requests.count == 2 }
                var listed: [[String: Any]] = []
                try wait("its row") {
                    let answer = try JSONSerialization.jsonObject(
                        with: Data(world.gateway.control.ask(#"{"command":"ps"}"#)))
                    listed = (answer as? [String: Any])?["requests"] as? [[String: Any]] ?? []
                    return listed.count == 1
                }
                #expect(listed[0]["class"] as? String == "long-running")
                #expect(listed[0]["verb"] as? String == "watch" && listed[0]["resource"] as? String == "pods")
                watching.wire.close()
                let cancelled = try Self.line(world, "the watch") { $0.text("verb") == "watch" }
                #expect(cancelled.text("end").hasPrefix("client_"))
                #expect(worker(cancelled) == listed[0]["id"] as? String)
                #expect(cancelled.text("verb") == "watch" && cancelled.number("status") == 0)

                let second = try world.http2Client()
                let stream = second.request("GET", "/api/v1/nodes", token: world.token)
                #expect(second.end(of: stream, by: .after(.seconds(5))) != .none)
                let over = try Self.line(world, end: "completed", protocol: "h2")
                #expect(over.text("verb") == "list" && over.text("resource") == "nodes")

                let tunnel = try world.gateway.connect()
                _ = try tunnel.openTunnel("/api/v1/namespaces/n/pods/p/exec?command=sh", in: world)
                tunnel.wire.close()
                let tunnelled = try Self.line(world, "the tunnel") { $0.text("subresource") == "exec" }
                #expect(tunnelled.number("status") == 101 && tunnelled.text("name") == "p")
                #expect(!world.gateway.log.contains("secret") && !world.gateway.log.contains(world.token))
            }
        }

        private static let serve: ScriptedUpstream.Script = { connection in
            while true {
                let head = try connection.readHead()
                if head.target.contains("watch") {
                    connection.readUntilClose()
                    return
                }
                guard head["upgrade"] != nil else {
                    connection.answer()
                    continue
                }
                connection.write(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
                connection.readUntilClose()
                return
            }
        }

        @Test("Refused before it had begun: an ambiguous or overlong head, one that does not come, and at a limit")
        func refused() throws {
            try World.run(
                configure: {
                    $0.workers = 1
                    $0.maxInFlight = 1
                    $0.deadlines = ["requestHead": "500ms"]
                }, script: DrainTests.serve
            ) { world in
                for (text, end, status) in [
                    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "invalid_head_repeated-field", 400),
                    ("GET /\(String(repeating: "x", count: 9_000))", "invalid_head_start-line-too-long", 414),
                    (
                        "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 70_000))",
                        "invalid_head_head-too-large", 431
                    ), ("GET / HTTP/1.1\r\nHo", "deadline_request_head", 408),
                ] {
                    let client = try world.gateway.connect()
                    client.wire.write(text)
                    let line = try Self.line(world, end: end)
                    #expect(line.number("status") == status && line.number("id") == 0 && line.text("path") == "")
                    #expect(line.text("client").hasPrefix("127.0.0.1:") && line.text("worker") == "0.1")
                    client.wire.close()
                }
                let fast = try world.http2Client()
                let broken = fast.request("GET", "/a/../b", token: world.token)
                #expect(fast.end(of: broken, by: .after(.seconds(5))) != .none)
                let refused = try Self.line(world, end: "invalid_head_dot-segment", protocol: "h2")
                #expect(refused.number("status") == 400)

                let holding = try world.gateway.connect()
                holding.send("GET", "/stuck", token: world.token)
                try wait("the request upstream") { world.upstream.requests.count == 1 }
                let late = try world.gateway.connect()
                #expect(try late.request("GET", "/api/v1/pods", token: world.token).status == 503)
                let line = try Self.line(world, end: "too_many_in_flight")
                #expect(line.number("status") == 503 && line.text("verb") == "list" && line.number("id") == 0)
                let stream = fast.request("GET", "/api/v1/nodes", token: world.token)
                #expect(fast.end(of: stream, by: .after(.seconds(5))) != .none)
                let reset = try Self.line(world, end: "too_many_in_flight", protocol: "h2")
                #expect(reset.number("status") == 0 && reset.text("resource") == "nodes")
                holding.wire.close()
                late.wire.close()
            }
        }
    }
}
