// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Kubernetes' `AuthenticationConfiguration` in a running gateway: several issuers, of which one may be missing, and
    /// clients without credentials.
    @Suite(.timeLimit(.minutes(3)))
    struct IssuersTests {
        private static func readiness(_ admin: Endpoint, _ path: String) throws -> HTTPResponse {
            try RawClient.connect(to: admin).request("GET", path)
        }

        @Test("An issuer that is down from the start takes nothing from another's users, is named, and may come later")
        func oneIsDown() throws {
            let certificates = try Certificates.shared.get()
            let present = try World.wellBehavedIssuer.get()
            let place = try Endpoint.free(on: "127.0.0.3")
            let folder = try TemporaryFolder()
            let file = try AuthenticationDocument(issuers: [present.url, "https://\(place)"]).write(to: folder)
            let admin = try Endpoint.free(on: "127.0.0.2")
            try World.run(configure: {
                $0.authenticationFile = file
                $0.admin = admin
                $0.deadlines = ["identity": "1s"]
                $0.keys = ["refreshInterval": "2s", "minimumRefreshInterval": "1s"]
            }) { world in
                let client = try world.gateway.connect()
                #expect(try client.request("GET", "/who", token: world.token).status == 200)
                let seen = try #require(world.upstream.requests(for: "/who").first)
                #expect(seen.values("impersonate-user") == ["i0:alice"])
                #expect(seen.values("impersonate-group") == ["developers", "system:authenticated"])

                // Ready, and says what is missing.
                #expect(try Self.readiness(admin, "/readyz").status == 200)
                let verbose = try Self.readiness(admin, "/readyz?verbose").text
                #expect(verbose.contains("[+]keys ok (no keys of https://\(place))"), "\(verbose)")
                #expect(world.gateway.logs("keys not fetched"))

                // Its tokens are not bad, their keys are missing: that is said, in time.
                let orphaned = try present.token(for: "alice", claims: ["iss": "https://\(place)"])
                let start = ContinuousClock.now
                let answer = try world.gateway.connect().request("GET", "/x", token: orphaned)
                let took = (ContinuousClock.now - start).milliseconds
                let status = try Status(answer)
                #expect(answer.status == 504 && took < 3_000, "\(answer.status) after \(took) ms")
                #expect(status.message.contains("keys of the token's issuer"), "\(status.message)")
                let page = try Metrics(Self.readiness(admin, "/metrics").text)
                #expect(page.value("jwks_age_seconds", ["issuer": present.url]) != nil)
                #expect(page.value("jwks_age_seconds", ["issuer": "https://\(place)"]) == nil)
                #expect(page.value("authn_attempts_total", ["method": "jwt", "reason": "key-unknown"]) == 1)

                // It comes: no reload, no restart.
                let late = try TestIssuer(certificates, on: place)
                defer { late.stop() }
                let token = try late.token(for: "bob")
                try wait("the second issuer's keys", within: .seconds(15)) {
                    try world.gateway.connect().request("GET", "/late", token: token).status == 200
                }
                #expect(world.upstream.requests(for: "/late").first?.values("impersonate-user") == ["i1:bob"])
                let after = try Self.readiness(admin, "/readyz?verbose").text
                #expect(after.contains("[+]keys ok\n"), "\(after)")
                // Neither's key speaks for the other.
                let forged = try late.token(for: "alice", claims: ["iss": present.url])
                #expect(try world.gateway.connect().request("GET", "/forged", token: forged).status == 401)
            }
        }

        @Test("An unknown key makes its own issuer's keys be fetched once, and nobody else's")
        func unknownKey() throws {
            let certificates = try Certificates.shared.get()
            let issuers = try (0..<2).map { _ in try TestIssuer(certificates) }
            defer { for issuer in issuers { issuer.stop() } }
            let folder = try TemporaryFolder()
            let file = try AuthenticationDocument(issuers: issuers.map(\.url)).write(to: folder)
            try World.run(issuer: issuers[0], configure: { $0.authenticationFile = file }) { world in
                let before = issuers.map(\.keyRequests)
                let statuses = Cell<[Int]>([])
                let tokens = try (0..<8).map { try issuers[1].token(for: "bob", keyIdentifier: "unknown-\($0)") }
                Harness.concurrently(tokens.count) { index in
                    let status = try? world.gateway.connect().request("GET", "/x", token: tokens[index]).status
                    statuses.update { $0.append(status ?? 0) }
                }
                #expect(statuses.value == [Int](repeating: 401, count: tokens.count))
                #expect(issuers[0].keyRequests == before[0], "the other issuer was asked")
                #expect(issuers[1].keyRequests == before[1] + 1, "one fetch answers all")
                #expect(try world.gateway.connect().request("GET", "/x", token: world.token).status == 200)
            }
        }

        @Test("Tokens of invented keys wait in bounded number, and keep nobody out whose key is known")
        func manyUnknownKeys() throws {
            let certificates = try Certificates.shared.get()
            let issuer = try TestIssuer(certificates)
            defer { issuer.stop() }
            let admin = try Endpoint.free(on: "127.0.0.2")
            try World.run(
                issuer: issuer,
                configure: {
                    $0.workers = 1
                    $0.admin = admin
                    $0.deadlines = ["identity": "4s"]
                }
            ) { world in
                issuer.set(.hangs)
                let junk = try issuer.token(for: "bob", keyIdentifier: "invented")
                let clients = try (0..<300).map { _ in try world.gateway.connect() }
                for client in clients { client.send("GET", "/x", token: junk) }
                try wait("the waiting", within: .seconds(3)) {
                    try Metrics(Self.readiness(admin, "/metrics").text).value("key_waiters") == 256
                }
                #expect(try world.gateway.connect().request("GET", "/good", token: world.token).status == 200)
                let heads = try clients.map { try $0.reader.readHead(by: .after(.seconds(8))) }
                let refused = heads.filter { $0.status == 503 }
                #expect(refused.count == 44 && refused.allSatisfy { $0["Retry-After"] == "1" })
                #expect(heads.count { $0.status == 504 } == 256)
                let page = try Metrics(Self.readiness(admin, "/metrics").text)
                #expect(page.value("key_waiters") == 0)
                #expect(page.value("authn_attempts_total", ["reason": "too-many-waiting"]) == 44)
                #expect(page.value("overload_refusals_total") == 44)
            }
        }

        @Test("Groups by an unknown key make its issuer's keys be fetched, and no refusal is remembered")
        func claimByUnknownKey() throws {
            let certificates = try Certificates.shared.get()
            let issuers = try (0..<2).map { _ in try TestIssuer(certificates) }
            defer { for issuer in issuers { issuer.stop() } }
            let folder = try TemporaryFolder()
            let file = try AuthenticationDocument(issuers: issuers.map(\.url)).write(to: folder)
            let answer = Cell(try issuers[1].token(for: "alice", groups: ["ops"], keyIdentifier: "unknown"))
            let source = try ScriptedUpstream(tls: certificates.server()) { connection in
                while true {
                    _ = try connection.readHead()
                    connection.answer(fields: ["Content-Type: application/jwt"], body: answer.value)
                }
            }
            defer { source.stop() }
            try World.run(issuer: issuers[0], configure: { $0.authenticationFile = file }) { world in
                let before = issuers.map(\.keyRequests)
                let token = try issuers[0].token(
                    for: "alice", claimSource: ("groups", "https://\(source.endpoint)/groups", "access"))
                let client = try world.gateway.connect()
                #expect(try client.request("GET", "/x", token: token).status == 401)
                #expect(issuers.map(\.keyRequests) == [before[0], before[1] + 1])
                // By a key that is known: the same token is good at once.
                answer.value = try issuers[1].token(for: "alice", groups: ["ops"])
                #expect(try client.request("GET", "/good", token: token).status == 200)
                let seen = try #require(world.upstream.requests(for: "/good").first)
                #expect(seen.values("impersonate-group") == ["ops", "system:authenticated"])
            }
        }

        @Test("RFC 9068: where access tokens alone are wanted, others are refused")
        func tokenTypes() throws {
            try World.run(configure: { $0.authentication = ["tokenTypes: [at+jwt]"] }) { world in
                for (type, status) in [("at+jwt", 200), ("application/AT+JWT", 200), ("JWT", 401), ("logout+jwt", 401)]
                {
                    let token = try world.issuer.token(for: "alice", type: type)
                    #expect(try world.gateway.connect().request("GET", "/x", token: token).status == status, "\(type)")
                }
            }
        }

        @Test("Without credentials: only the paths that are named, as kube-apiserver's anonymous user")
        func anonymous() throws {
            let issuer = try World.wellBehavedIssuer.get()
            let folder = try TemporaryFolder()
            var document = AuthenticationDocument(issuers: [issuer.url])
            document.anonymousPaths = ["/healthz", "/version"]
            let file = try document.write(to: folder)
            let admin = try Endpoint.free(on: "127.0.0.2")
            try World.run(configure: {
                $0.authenticationFile = file
                $0.admin = admin
            }) { world in
                for path in ["/healthz", "/version", "/version?timeout=32s"] {
                    #expect(try world.gateway.connect().request("GET", path).status == 200, "\(path)")
                    let seen = try #require(world.upstream.requests(for: path).first)
                    #expect(seen.values("impersonate-user") == ["system:anonymous"])
                    #expect(seen.values("impersonate-group") == ["system:unauthenticated"])
                }
                for path in ["/", "/healthz/", "/healthz/ping", "/versions", "/api/v1/pods"] {
                    #expect(try world.gateway.connect().request("GET", path).status == 401, "\(path)")
                }
                // What a server behind might take for another path is no path at all.
                #expect(try world.gateway.connect().request("GET", "/healthz/../api").status == 400)
                // A bad token is not as good as none; nor may nobody be somebody else.
                #expect(try world.gateway.connect().request("GET", "/healthz", token: "nonsense").status == 401)
                let fields = ["Impersonate-User: root"]
                #expect(try world.gateway.connect().request("GET", "/healthz", fields: fields).status == 403)
                let asHimself = try world.gateway.connect().request("GET", "/healthz?a", token: world.token)
                #expect(asHimself.status == 200)
                #expect(world.upstream.requests(for: "/healthz?a").first?.values("impersonate-user") == ["i0:alice"])
                let page = try Metrics(Self.readiness(admin, "/metrics").text)
                #expect(page.value("authn_attempts_total", ["method": "anonymous", "result": "accepted"]) == 4)
                #expect(page.value("authn_attempts_total", ["method": "jwt", "result": "accepted"]) == 1)
                #expect(page.value("authn_attempts_total", ["reason": "no-credentials"]) == 5)
            }
        }

        @Test("A broken file changes nothing and is told with field and place; the mended one is taken without restart")
        func reload() throws {
            let issuer = try World.wellBehavedIssuer.get()
            let folder = try TemporaryFolder()
            var document = AuthenticationDocument(issuers: [issuer.url])
            let file = try document.write(to: folder)
            try World.run(configure: { $0.authenticationFile = file }) { world in
                let supervisor = try world.gateway.status().pid
                let workers = Set(try world.gateway.status().readyWorkers.map(\.pid))
                let load = ConstantLoad(world)
                try wait("load") { load.served > 50 }
                document.username = "claims.sub +"
                try document.write(to: folder)
                let tell = {
                    try ChildProcess.run(
                        "lychgate", ["reload", "--socket", world.gateway.control.path, "--timeout", "50s"],
                        within: .seconds(60))
                }
                let refused = try tell()
                #expect(refused.exit == .code(1))
                // The file, the line and the column of the field, and its path.
                let place = "\(file):\(AuthenticationDocument.usernameLine):"
                for part in [place, "jwt[0].claimMappings.username.expression"] {
                    #expect(refused.errors.contains(part), "\(part) is not in \(refused.errors)")
                }
                world.gateway.supervisor.signal(SIGHUP)
                expectEventually("\(world.gateway.log.suffix(2_000))", within: .seconds(15)) {
                    world.gateway.log.split(separator: "\n").count { $0.contains("reload has failed") } >= 2
                }
                #expect(world.gateway.logs("jwt[0].claimMappings.username.expression"))
                #expect(Set(try world.gateway.status().readyWorkers.map(\.pid)) == workers)
                #expect(try world.gateway.connect().request("GET", "/still", token: world.token).status == 200)
                #expect(world.upstream.requests(for: "/still").first?.values("impersonate-user") == ["i0:alice"])

                document.username = "'mended:' + claims.sub"
                try document.write(to: folder)
                let taken = try tell()
                #expect(taken.succeeded, "\(taken.errors)")
                #expect(try world.gateway.status().pid == supervisor)
                #expect(try world.gateway.connect().request("GET", "/mended", token: world.token).status == 200)
                #expect(world.upstream.requests(for: "/mended").first?.values("impersonate-user") == ["mended:alice"])
                let tally = load.stop()
                #expect(tally.failures == [])
                var table = FiguresTable(
                    "reload of a broken and a mended AuthenticationConfiguration", columns: ["served", "failed"])
                table.add("\(tally.served)", "\(tally.failures.count)")
                table.print()
            }
        }
    }
}
