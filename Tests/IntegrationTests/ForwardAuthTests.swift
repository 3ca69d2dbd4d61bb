// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The gateway as the one whom another proxy asks: 200 with who sent the request, 401, 403.
    @Suite(.timeLimit(.minutes(2)))
    struct ForwardAuthTests {
        @Test("200 with the user's fields, 401 with a challenge, 403; any path and method; no upstream")
        func answers() throws {
            try World.run(configure: { $0.listenerLines = ["mode: forwardAuth"] }) { world in
                let client = try world.gateway.connect()
                for (method, path) in [
                    ("GET", "/"), ("HEAD", "/a"), ("DELETE", "/api/v1/watch/pods"), ("OPTIONS", "*"),
                ] {
                    let allowed = try client.request(method, path, token: world.token)
                    #expect(allowed.status == 200 && allowed.body.isEmpty && allowed.end == .complete, "\(method)")
                    #expect(allowed.head.values("X-Remote-User") == ["alice"])
                    #expect(allowed.head.values("X-Remote-Group") == ["developers", "system:authenticated"])
                    #expect(allowed.head["Cache-Control"] == "no-store")
                    #expect(allowed.head["Audit-Id"] != nil && allowed.head["Date"]?.hasSuffix(" GMT") == true)
                }
                let upgrade = try client.request(
                    "GET", "/exec", token: world.token, fields: ["Connection: Upgrade", "Upgrade: websocket"])
                #expect(upgrade.status == 200)
                for fields in [[], ["Authorization: Basic YTpi"], ["Authorization: Bearer nonsense"]] {
                    let denied = try client.request("GET", "/", fields: fields)
                    #expect(denied.status == 401, "\(fields)")
                    #expect(denied.head["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
                    #expect(denied.head["X-Remote-User"] == nil)
                }
                // What the client asks for beside its own name goes to the proxied server with that proxy's credential.
                let forbidden = try client.request(
                    "GET", "/", token: world.token, fields: ["Impersonate-User: root"])
                #expect(forbidden.status == 403 && forbidden.head["X-Remote-User"] == nil)
                // A body is nobody's to read: it is dropped, and the connection with it.
                let posted = try client.request(
                    "POST", "/", token: world.token, body: String(repeating: "x", count: 100_000))
                #expect(posted.status == 200 && posted.head["Connection"] == "close")
                client.wire.close()
                let unicode = try world.issuer.token(for: "zoë müller", groups: ["a, b", "ünits"])
                let other = try world.gateway.connect()
                let named = try other.request("GET", "/", token: unicode)
                #expect(named.head.values("X-Remote-User") == ["zoë müller"])
                #expect(named.head.values("X-Remote-Group") == ["a, b", "ünits", "system:authenticated"])
                // A name that no field can carry is refused rather than changed.
                let broken = try world.issuer.token(for: "root\r\nX-Remote-User: admin", groups: [])
                #expect(try other.request("GET", "/", token: broken).status == 401)
                other.wire.close()

                let h2 = try ChildProcess.run(
                    "curl",
                    [
                        "--silent", "--http2", "--cacert", world.certificates.authority, "--dump-header", "-",
                        "--header",
                        "Authorization: Bearer \(world.token)", "https://\(world.gateway.endpoint)/x",
                    ])
                #expect(h2.output.contains("HTTP/2 200") && h2.output.contains("x-remote-user: alice"), "\(h2.output)")

                let idle = world.gateway.waitUntilIdle(within: .seconds(3))
                #expect(idle && world.upstream.requests.isEmpty)
                let status = try world.gateway.status()
                #expect(status.isIdle)
                #expect(world.gateway.logs(#""status":200,"end":"answered""#, #""user":"alice""#))
            }
        }

        @Test("All of a user's groups are told by either protocol, whatever a client's own head may hold")
        func manyGroups() throws {
            try World.run(configure: {
                $0.listenerLines = ["mode: forwardAuth"]
                $0.limits = ["fields": "20"]
            }) { world in
                let groups = (0..<400).map { "group-\($0)" }
                let token = try world.issuer.token(for: "alice", groups: groups)
                let client = try world.gateway.connect()
                let told = try client.request("GET", "/", token: token)
                #expect(told.status == 200 && told.head.values("X-Remote-Group").count == 401)
                client.wire.close()
                let h2 = try ChildProcess.run(
                    "curl",
                    [
                        "--silent", "--show-error", "--http2", "--cacert", world.certificates.authority,
                        "--dump-header", "-", "--header", "Authorization: Bearer \(token)",
                        "https://\(world.gateway.endpoint)/x",
                    ])
                let lines = h2.output.split(separator: "\r\n").filter { $0.hasPrefix("x-remote-group: ") }
                #expect(h2.output.contains("HTTP/2 200") && lines.count == 401, "\(h2.errors) \(h2.output.prefix(400))")
            }
        }

        @Test("A name out of a TokenReview that no field can carry is refused, also where tokens are passed through")
        func brokenReview() throws {
            let reviews = ReviewingUpstream()
            try World.run(
                configure: {
                    $0.listenerLines = ["mode: forwardAuth"]
                    $0.authentication = ["tokenReview: {mode: passThrough}"]
                }, script: { try reviews.serve($0) }
            ) { world in
                let client = try world.gateway.connect()
                let robot = try client.request("GET", "/", token: "api-token-robot")
                #expect(robot.status == 200 && robot.head["X-Remote-User"] == "robot")
                // The upstream writes what it finds behind `api-token-` into its JSON as it is.
                let broken = try client.request("GET", "/", token: #"api-token-robot\r\nX-Remote-User:root"#)
                #expect(broken.status == 401 && broken.head["X-Remote-User"] == nil, "\(broken.head)")
                client.wire.close()
            }
        }

        @Test("The fields' names are the configuration's")
        func names() throws {
            try World.run(configure: {
                $0.listenerLines = [
                    "mode: forwardAuth",
                    "identityFields: {user: Auth-User, group: Auth-Group, extraPrefix: Auth-Extra-}",
                ]
            }) { world in
                let client = try world.gateway.connect()
                let allowed = try client.request("GET", "/", token: world.token)
                #expect(allowed.head["Auth-User"] == "alice" && allowed.head["X-Remote-User"] == nil)
                #expect(allowed.head.values("Auth-Group").first == "developers")
                client.wire.close()
            }
        }

        @Test("nginx's auth_request in front of a server", .enabled(if: Self.has("nginx"), "nginx is not installed"))
        func nginx() throws {
            try World.run(configure: { $0.listenerLines = ["mode: forwardAuth"] }) { world in
                let server = try ScriptedUpstream(StandardUpstream.serve)
                defer { server.stop() }
                let folder = try TemporaryFolder()
                let front = try Endpoint.free()
                try folder.write("nginx.conf", Self.configuration(front, server.endpoint, world, folder))
                let nginx = try ChildProcess(
                    Self.nginxProgram, ["-c", folder.file("nginx.conf"), "-p", folder.file("")], folder: folder)
                defer {
                    nginx.signal(SIGTERM)
                    _ = nginx.waitForExit(within: .seconds(5))
                }
                try wait("nginx: \(nginx.errors)") { (try? RawClient.connect(to: front)) != nil }

                let ask = { (arguments: [String]) in
                    try ChildProcess.run("curl", ["--silent", "--include", "--max-time", "20"] + arguments)
                }
                let allowed = try ask(["--header", "Authorization: Bearer \(world.token)", "http://\(front)/page"])
                #expect(allowed.output.contains("200 OK"), "\(allowed.output) \(nginx.errors)")
                let seen = try #require(server.requests(for: "/page").first)
                #expect(seen["X-User"] == "alice" && seen["Authorization"] == nil)

                let posted = try ask([
                    "--header", "Authorization: Bearer \(world.token)", "--data", "a=b", "http://\(front)/form",
                ])
                #expect(posted.output.contains("200 OK") && posted.output.hasSuffix("3"), "\(posted.output)")

                let denied = try ask(["http://\(front)/secret"])
                #expect(denied.output.contains("401 Unauthorized"), "\(denied.output)")
                #expect(denied.output.lowercased().contains("www-authenticate: bearer"), "\(denied.output)")
                let forbidden = try ask([
                    "--header", "Authorization: Bearer \(world.token)", "--header", "Impersonate-User: root",
                    "http://\(front)/secret",
                ])
                #expect(forbidden.output.contains("403 Forbidden"), "\(forbidden.output)")
                #expect(server.requests(for: "/secret").isEmpty)
                let idle = world.gateway.waitUntilIdle(within: .seconds(3))
                #expect(idle)
            }
        }

        private static let nginxProgram =
            ["/usr/sbin/nginx", "/usr/bin/nginx"].first {
                FileManager.default.isExecutableFile(atPath: $0)
            } ?? "nginx"

        private static func has(_ program: String) -> Bool {
            FileManager.default.isExecutableFile(atPath: nginxProgram)
        }

        private static func configuration(
            _ front: Endpoint, _ server: Endpoint, _ world: World, _ folder: TemporaryFolder
        ) -> String {
            let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
                "  \($0)_temp_path \(folder.file($0));\n"
            }
            return """
                daemon off;
                master_process off;
                pid \(folder.file("nginx.pid"));
                error_log stderr warn;
                events {}
                http {
                  access_log off;
                \(places.joined())
                  server {
                    listen \(front);
                    location = /_authentication {
                      internal;
                      proxy_pass https://\(world.gateway.endpoint);
                      proxy_ssl_trusted_certificate \(world.certificates.authority);
                      proxy_ssl_verify on;
                      proxy_ssl_name localhost;
                      proxy_http_version 1.1;
                      proxy_pass_request_body off;
                      proxy_set_header Content-Length "";
                      proxy_set_header X-Original-URI $request_uri;
                    }
                    location / {
                      auth_request /_authentication;
                      auth_request_set $user $upstream_http_x_remote_user;
                      proxy_set_header X-User $user;
                      proxy_set_header Authorization "";
                      proxy_pass http://\(server);
                    }
                  }
                }

                """
        }
    }
}
