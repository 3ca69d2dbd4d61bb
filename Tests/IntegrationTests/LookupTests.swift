// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Identities and permissions that the API server is asked for.
    @Suite(.timeLimit(.minutes(2)))
    struct LookupTests {
        private func withWorld(
            _ authentication: [String], deadlines: [String: String] = [:], token: String? = nil, workers: Int = 2,
            _ body: (World, ReviewingUpstream) throws -> Void
        ) throws {
            let reviews = ReviewingUpstream()
            try World.run(
                configure: {
                    $0.authentication = authentication
                    $0.deadlines = deadlines
                    $0.workers = workers
                    $0.upstreamToken = token
                },
                script: { try reviews.serve($0) }
            ) { try body($0, reviews) }
        }

        @Test("Without a word of it in the configuration impersonation is refused, and nobody is asked")
        func denied() throws {
            try withWorld([]) { world, reviews in
                let answer = try world.gateway.connect().request(
                    "GET", "/x", token: world.token, fields: ["Impersonate-User: bob"])
                let status = try Status(answer)
                #expect(answer.status == 403 && status.reason == "Forbidden")
                // Every field that is denied is named; and who asks is looked at first.
                let many = try world.gateway.connect().request(
                    "GET", "/x", token: world.token,
                    fields: [
                        "Impersonate-User: bob", "Impersonate-Group: a", "Impersonate-Group: b",
                        "Impersonate-Extra-S: x",
                    ])
                let message = try Status(many).message
                #expect(
                    many.status == 403
                        && message.contains("Impersonate-User, Impersonate-Group, Impersonate-Extra-S"), "\(message)")
                let nobody = try world.gateway.connect().request(
                    "GET", "/x", token: "nonsense", fields: ["Impersonate-User: bob"])
                #expect(nobody.status == 401)
                #expect(reviews.asked.isEmpty && world.upstream.requests(for: "/x").isEmpty)
            }
        }

        @Test("What may be impersonated is, with who really asks in the extras; answers are remembered")
        func allowed() throws {
            try withWorld(["impersonation: {mode: authorize}"]) { world, reviews in
                let client = try world.gateway.connect()
                let fields = [
                    "Impersonate-User: bob", "Impersonate-Group: ops", "Impersonate-Uid: 7",
                    "Impersonate-Extra-Example.com%2FScope: view",
                ]
                #expect(try client.request("GET", "/first", token: world.token, fields: fields).status == 200)
                #expect(try client.request("GET", "/second", token: world.token, fields: fields).status == 200)
                for target in ["/first", "/second"] {
                    let seen = try #require(world.upstream.requests(for: target).first)
                    #expect(seen.values("impersonate-user") == ["bob"])
                    #expect(seen.values("impersonate-uid") == ["7"])
                    #expect(seen.values("impersonate-group") == ["ops", "system:authenticated"])
                    #expect(seen.values("impersonate-extra-example.com%2Fscope") == ["view"])
                    #expect(seen.values("impersonate-extra-lychgate-original-user") == ["alice"])
                    #expect(
                        seen.values("impersonate-extra-lychgate-original-groups")
                            == ["developers", "system:authenticated"])
                    #expect(seen.values("authorization").isEmpty)
                }
                #expect(reviews.asked.count == 4, "\(reviews.asked)")
                #expect(reviews.asked.allSatisfy { $0.contains(#""user":"alice""#) })
                // One who does not impersonate is not asked about.
                #expect(try client.request("GET", "/plain", token: world.token).status == 200)
                #expect(world.upstream.requests(for: "/plain").first?.values("impersonate-user") == ["alice"])
                #expect(reviews.asked.count == 4)
                #expect(world.gateway.logs(#""impersonated":"bob""#))
            }
        }

        @Test("Every field that is denied is named; what is not valid is 400")
        func refused() throws {
            try withWorld(["impersonation: {mode: authorize, maxChecks: 4}"]) { world, reviews in
                let client = try world.gateway.connect()
                let answer = try client.request(
                    "GET", "/x", token: world.token,
                    fields: [
                        "Impersonate-User: bob", "Impersonate-Group: admins", "Impersonate-Group: ops",
                        "Impersonate-Extra-Secret: x",
                    ])
                let status = try Status(answer)
                #expect(answer.status == 403 && status.reason == "Forbidden")
                #expect(status.message.contains(#"Impersonate-Group "admins""#), "\(status.message)")
                #expect(status.message.contains(#"Impersonate-Extra-secret "x""#), "\(status.message)")
                #expect(!status.message.contains("ops") && !status.message.contains("bob"), "\(status.message)")
                #expect(reviews.asked.count == 4)
                for fields in [
                    ["Impersonate-Group: ops"], ["Impersonate-User: bob", "Impersonate-User: eve"],
                    ["Impersonate-User: bob", "Impersonate-Extra-%zz: x"], ["Impersonate-User:"],
                    ["Impersonate-User: bob", "Impersonate-Extra-Lychgate-Original-User: eve"],
                ] {
                    let invalid = try client.request("GET", "/x", token: world.token, fields: fields)
                    let status = try Status(invalid)
                    #expect(invalid.status == 400 && status.reason == "BadRequest", "\(fields)")
                }
                let groups = (0..<5).map { "Impersonate-Group: g\($0)" }
                let many = try client.request(
                    "GET", "/x", token: world.token, fields: ["Impersonate-User: bob"] + groups)
                let tooMany = try Status(many).message
                #expect(many.status == 403 && tooMany.contains("Impersonate-User, Impersonate-Group"), "\(tooMany)")
                // Who asks is looked at first.
                let unknown = try client.request("GET", "/x", token: "nonsense", fields: ["Impersonate-Group: ops"])
                #expect(unknown.status == 401)
                // Somebody without an identity has nothing to be asked about.
                let nobody = try client.request("GET", "/x", token: "nonsense", fields: ["Impersonate-User: bob"])
                #expect(nobody.status == 401)
                #expect(reviews.asked.count == 4 && world.upstream.requests(for: "/x").isEmpty)
            }
        }

        @Test("A user in more groups than there may be extras can act as somebody else")
        func manyGroups() throws {
            try withWorld(["impersonation: {mode: authorize}"]) { world, _ in
                let groups = (0..<150).map { "group-\($0)" }
                let token = try world.issuer.token(for: "alice", groups: groups)
                let answer = try world.gateway.connect().request(
                    "GET", "/x", token: token, fields: ["Impersonate-User: bob"])
                #expect(answer.status == 200, "\(answer.text)")
                let seen = try #require(world.upstream.requests(for: "/x").first)
                #expect(
                    seen.values("impersonate-extra-lychgate-original-groups") == groups + ["system:authenticated"])
            }
        }

        @Test("Who joins a look-up has his own time, and not the rest of another's")
        func joins() throws {
            let authentication = ["tokenReview: {mode: impersonate}"]
            try withWorld(authentication, deadlines: ["identity": "2s"], workers: 1) { world, reviews in
                reviews.hangs = true
                let first = Harness.inBackground {
                    try? world.gateway.connect().request("GET", "/x", token: "api-token-robot").status
                }
                try wait("the question") { reviews.asked.count == 1 }
                sleep(for: .milliseconds(1_200))
                reviews.hangs = false
                let joined = try world.gateway.connect().request("GET", "/x", token: "api-token-robot")
                #expect(joined.status == 200, "\(joined.text)")
                #expect([503, 504].contains(first()))
                #expect(reviews.asked.count == 2)
            }
        }

        @Test("An API token is its user's, as the API server says; asked once for all who bring it at once")
        func tokenReview() throws {
            try withWorld(["tokenReview: {mode: impersonate, audiences: [api]}"]) { world, reviews in
                let statuses = Cell<[Int]>([])
                Harness.concurrently(8) { _ in
                    let status = try? world.gateway.connect().request("GET", "/x", token: "api-token-robot").status
                    statuses.update { $0.append(status ?? 0) }
                }
                #expect(statuses.value == [Int](repeating: 200, count: 8))
                let seen = try #require(world.upstream.requests(for: "/x").first)
                #expect(seen.values("impersonate-user") == ["robot"] && seen.values("impersonate-uid") == ["u-1"])
                #expect(seen.values("impersonate-group") == ["robots", "system:authenticated"])
                #expect(seen.values("impersonate-extra-example.com%2Fpod") == ["p-1"])
                // Each worker asks for itself.
                #expect((1...2).contains(reviews.asked.count), "\(reviews.asked.count)")
                let bad = try world.gateway.connect().request("GET", "/x", token: "nonsense")
                #expect(bad.status == 401)
                // A token of our own issuer is not shown to anybody.
                let before = reviews.asked.count
                #expect(try world.gateway.connect().request("GET", "/x", token: world.token).status == 200)
                let expired = try world.issuer.token(for: "alice", expiresIn: -60)
                #expect(try world.gateway.connect().request("GET", "/x", token: expired).status == 401)
                #expect(reviews.asked.count == before)
            }
        }

        @Test("Passed through, an API token's request goes on with that token and as nobody else")
        func passThrough() throws {
            let folder = try TemporaryFolder()
            let token = try folder.write("token", "gateways-own")
            try withWorld(["tokenReview: {mode: passThrough}"], token: token) { world, reviews in
                let client = try world.gateway.connect()
                #expect(try client.request("GET", "/x", token: "api-token-robot").status == 200)
                let seen = try #require(world.upstream.requests(for: "/x").first)
                #expect(seen.values("authorization") == ["Bearer api-token-robot"])
                #expect(seen.fields.allSatisfy { !$0.name.lowercased().hasPrefix("impersonate-") })
                #expect(try client.request("GET", "/y", token: world.token).status == 200)
                let own = try #require(world.upstream.requests(for: "/y").first)
                #expect(own.values("authorization") == ["Bearer gateways-own"])
                #expect(own.values("impersonate-user") == ["alice"])
                let asked = try #require(world.upstream.requests(for: ReviewingUpstream.tokens).first)
                #expect(asked.values("authorization") == ["Bearer gateways-own"])
            }
        }

        @Test("An API server that does not answer costs the identity's deadline, and what is too much is said at once")
        func stuck() throws {
            let authentication = [
                "impersonation: {mode: authorize}", "tokenReview: {mode: impersonate}",
                "lookups: {maxConcurrent: 1, maxWaiting: 1}",
            ]
            try withWorld(authentication, deadlines: ["identity": "1s"]) { world, reviews in
                reviews.hangs = true
                let start = ContinuousClock.now
                let first = try world.gateway.connect().request("GET", "/x", token: "api-token-robot")
                let took = (ContinuousClock.now - start).milliseconds
                #expect(first.status == 504 && took > 900 && took < 4_000, "\(first.status) after \(took) ms")
                // Three questions of one request: one is asked, one waits, one is too many.
                let many = try world.gateway.connect().request(
                    "GET", "/x", token: world.token,
                    fields: ["Impersonate-User: bob", "Impersonate-Group: a", "Impersonate-Group: b"])
                #expect([503, 504].contains(many.status), "\(many.status)")
                #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
                reviews.hangs = false
                let after = try world.gateway.connect().request("GET", "/x", token: "api-token-robot")
                #expect(after.status == 200)
            }
        }

        @Test("A user of more groups than are passed on is told so")
        func budgets() throws {
            try World.run(configure: { $0.limits = ["groups": "3", "identity": "1KiB"] }) { world in
                let many = try world.issuer.token(for: "alice", groups: ["a", "b", "c"])
                let answer = try world.gateway.connect().request("GET", "/x", token: many)
                let forbidden = try Status(answer)
                #expect(answer.status == 403 && forbidden.message.contains("groups"))
                let long = try world.issuer.token(for: String(repeating: "x", count: 2_000))
                let large = try world.gateway.connect().request("GET", "/x", token: long)
                let tooLarge = try Status(large)
                #expect(large.status == 431 && tooLarge.message.contains("bytes"))
                #expect(world.upstream.requests(for: "/x").isEmpty)
            }
        }

        @Test("More groups than are passed on, of which one first hears elsewhere")
        func distributedBudget() throws {
            let certificates = try Certificates.shared.get()
            try World.run(configure: {
                $0.limits = ["groups": "3"]
                $0.workers = 1
            }) { world in
                let body = try world.issuer.token(for: "alice", groups: ["a", "b", "c", "d"])
                let source = try ScriptedUpstream(tls: certificates.server()) { connection in
                    while true {
                        _ = try connection.readHead()
                        connection.answer(fields: ["Content-Type: application/jwt"], body: body)
                    }
                }
                defer { source.stop() }
                let token = try world.issuer.token(
                    for: "alice", claimSource: ("groups", "https://\(source.endpoint)/", "access"))
                // At once, and out of memory.
                for _ in 0..<2 {
                    let answer = try world.gateway.connect().request("GET", "/x", token: token)
                    let status = try Status(answer)
                    #expect(answer.status == 403 && status.message.contains("groups"), "\(answer.text)")
                }
                #expect(source.requestCount(for: "/") == 1)
                // explain asks nobody, and says where a gateway would.
                let folder = try TemporaryFolder()
                let file = try folder.write("token", token)
                let text = try ChildProcess.run(
                    Harness.executable("lychgate"),
                    ["explain", "--config", world.gateway.configurationFile, "--token-file", file])
                #expect(text.succeeded && text.output.contains("skipped  groups"), "\(text.output) \(text.errors)")
                #expect(text.output.contains("would be fetched from https://\(source.endpoint)\n"), "\(text.output)")
                #expect(source.requestCount(for: "/") == 1)
                // By the bounds of the configuration.
                try folder.write("many", body)
                let many = try ChildProcess.run(
                    Harness.executable("lychgate"),
                    ["explain", "--config", world.gateway.configurationFile, "--token-file", folder.file("many")])
                #expect(many.exit == .code(3) && many.output.contains("too-many-groups"), "\(many.output)")
            }
        }

        @Test("Groups that lie elsewhere are fetched there, with the access token, and verified")
        func distributedClaims() throws {
            let certificates = try Certificates.shared.get()
            try World.run { world in
                let issuer = world.issuer
                let answers = Cell<[String: String]>([
                    "/good": try issuer.token(for: "alice", groups: ["ops", "dev"]),
                    "/expired": try issuer.token(for: "alice", groups: ["admins"], expiresIn: -60),
                    "/foreign": try issuer.token(
                        for: "alice", groups: ["admins"], claims: ["iss": "https://other.test"]),
                    "/opaque": "nonsense",
                ])
                let source = try ScriptedUpstream(tls: certificates.server()) { connection in
                    while true {
                        let head = try connection.readHead()
                        guard let body = answers.value[head.target] else {
                            if head.target == "/silent" { return connection.readUntilClose() }
                            connection.answer("404 Not Found")
                            continue
                        }
                        connection.answer(fields: ["Content-Type: application/jwt"], body: body)
                    }
                }
                defer { source.stop() }
                let token = { (path: String) in
                    try issuer.token(
                        for: "alice", claimSource: ("groups", "https://\(source.endpoint)\(path)", "access-1"))
                }
                let client = try world.gateway.connect()
                #expect(try client.request("GET", "/x", token: token("/good")).status == 200, "\(world.gateway.log)")
                let seen = try #require(world.upstream.requests(for: "/x").first)
                #expect(seen.values("impersonate-group") == ["ops", "dev", "system:authenticated"])
                #expect(source.requests(for: "/good").first?.values("authorization") == ["Bearer access-1"])
                for path in ["/expired", "/foreign", "/opaque"] {
                    #expect(try client.request("GET", "/bad", token: token(path)).status == 401, "\(path)")
                }
                #expect(try client.request("GET", "/bad", token: token("/missing")).status == 503)
                #expect(world.upstream.requests(for: "/bad").isEmpty)
                // One that leaves takes the look-up with it.
                let leaving = try world.gateway.connect()
                leaving.send("GET", "/x", token: try token("/silent"))
                try wait("the look-up") { source.requestCount(for: "/silent") == 1 }
                leaving.wire.close()
                #expect(source.close(of: "/silent", within: .seconds(2)) != nil)
            }
        }
    }
}
