// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// What becomes of a stream when the token that began it expires.
    @Suite(.timeLimit(.minutes(2)))
    struct TokenLifeTests {
        private static func withWorld(_ expiry: String, _ body: (World) throws -> Void) throws {
            let reviews = ReviewingUpstream()
            try World.run(
                configure: { $0.authentication = ["tokenExpiry: \(expiry)"] }, script: { try reviews.serve($0) }, body)
        }

        @Test("At its expiry, or not at all, as configured", arguments: [("atExpiry", true), ("off", false)])
        func modes(mode: String, ends: Bool) throws {
            try Self.withWorld("{mode: \(mode)}") { world in
                let token = try world.issuer.token(for: "alice", expiresIn: 3)
                let start = ContinuousClock.now
                let watch = try world.gateway.connect()
                watch.send("GET", "/api/v1/watch/pods", token: token)
                #expect(try watch.reader.readHead(by: .after(.seconds(5))).status == 200)
                let end = watch.drain(by: .after(.seconds(ends ? 10 : 5)))
                let took = (ContinuousClock.now - start).milliseconds
                #expect((end != nil) == ends, "\(took) ms")
                if ends { #expect(took > 1_500 && took < 6_000, "\(took) ms") }
                // Whatever goes on, the token begins nothing new once the second of its expiry is over.
                try expectEventually(within: .seconds(3), every: .milliseconds(50)) {
                    try world.gateway.connect().request("GET", "/x", token: token).status == 401
                }
                watch.wire.close()
                #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
            }
        }

        @Test("An API token's own end counts, too, although the API server has judged it")
        func apiToken() throws {
            let reviews = ReviewingUpstream()
            try World.run(
                configure: {
                    $0.authentication = ["tokenExpiry: {mode: atExpiry}", "tokenReview: {mode: impersonate}"]
                }, script: { try reviews.serve($0) }
            ) { world in
                let token = try world.issuer.token(
                    for: ReviewingUpstream.serviceAccount, expiresIn: 3,
                    claims: ["iss": "https://kubernetes.default.svc"])
                let start = ContinuousClock.now
                let watch = try world.gateway.connect()
                watch.send("GET", "/api/v1/watch/pods", token: token)
                #expect(try watch.reader.readHead(by: .after(.seconds(5))).status == 200)
                let end = watch.drain(by: .after(.seconds(10)))
                let took = (ContinuousClock.now - start).milliseconds
                #expect(end != nil && took > 1_500 && took < 6_000, "\(took) ms")
                #expect(world.gateway.logs("token_expired"))
            }
        }

        @Test("A stream ends when its token does; an ordinary request does not care")
        func tokenLife() throws {
            try Self.withWorld("{mode: afterGrace, grace: 1s}") { world in
                let token = try world.issuer.token(for: "alice", expiresIn: 3)
                let start = ContinuousClock.now
                let http2 = Harness.inBackground {
                    try? ChildProcess.run(
                        "curl",
                        [
                            "--silent", "--no-buffer", "--http2", "--max-time", "20", "--cacert",
                            world.certificates.authority, "--header", "Authorization: Bearer \(token)",
                            "https://\(world.gateway.endpoint)/api/v1/watch/nodes",
                        ])
                }
                let watch = try world.gateway.connect()
                watch.send("GET", "/api/v1/watch/pods", token: token)
                let tunnel = try world.gateway.connect()
                tunnel.send(
                    "POST", "/api/v1/namespaces/a/pods/b/exec", token: token,
                    fields: ["Connection: Upgrade", "Upgrade: SPDY/3.1"])
                for (client, status) in [(watch, 200), (tunnel, 101)] {
                    #expect(try client.reader.readHead(by: .after(.seconds(5))).status == status)
                }
                for (client, name) in [(watch, "watch"), (tunnel, "tunnel")] {
                    let end = client.drain(by: .after(.seconds(15)))
                    let took = (ContinuousClock.now - start).milliseconds
                    #expect(end != nil && took > 2_000 && took < 9_000, "\(name): \(took) ms")
                }
                let finished = try #require(http2())
                let took = (ContinuousClock.now - start).milliseconds
                // Between two items, and so with a proper end.
                #expect(finished.succeeded && took < 9_000, "\(took) ms: \(finished.exit)")
                #expect(finished.output.hasSuffix("{\"type\":\"BOOKMARK\"}\n"), "\(finished.output.suffix(40))")
                #expect(world.gateway.logs("token_expired"))
                // The same credential is good for nothing any more.
                #expect(try world.gateway.connect().request("GET", "/x", token: token).status == 401)
                #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
                let idle = try world.gateway.status().upstreamIdle
                expectEventually(within: .seconds(2)) { world.upstream.ledger.open <= idle }
            }
        }
    }
}
