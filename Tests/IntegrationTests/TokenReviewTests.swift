// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The gateway as an API server's authentication webhook.
    @Suite(.timeLimit(.minutes(2)))
    struct TokenReviewTests {
        /// What kube-apiserver (client-go's REST client) writes, to the byte.
        private static func body(
            _ token: String, version: String = "v1beta1", audiences: [String] = ["https://kubernetes.default.svc"]
        ) -> String {
            let list = audiences.map { "\"\($0)\"" }.joined(separator: ",")
            return #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/\#(version)","#
                + #""metadata":{"creationTimestamp":null},"spec":{"token":"\#(token)""#
                + (audiences.isEmpty ? "" : #","audiences":[\#(list)]"#) + #"},"status":{"user":{}}}"# + "\n"
        }

        private struct Review: Decodable {
            struct User: Decodable, Equatable {
                let username: String
                let uid: String?
                let groups: [String]?
                let extra: [String: [String]]?
            }
            struct Status: Decodable {
                let authenticated: Bool?
                let user: User?
                let audiences: [String]?
                let error: String?
            }
            let apiVersion: String
            let kind: String
            let status: Status

            init(_ response: HTTPResponse) throws {
                self = try JSONDecoder().decode(Self.self, from: Data(response.body))
            }
        }

        private static func ask(
            _ client: RawClient, _ body: String, fields: [String] = [], method: String = "POST"
        ) throws -> HTTPResponse {
            try client.request(
                method, "/authenticate?timeout=30s",
                fields: [
                    "User-Agent: kube-apiserver/v1.36.0 (linux/amd64) kubernetes/0000000",
                    "Accept: application/json, */*", "Content-Type: application/json", "Accept-Encoding: gzip",
                ] + fields, body: body)
        }

        @Test("What kube-apiserver sends, in both versions, by HTTP/1.1 and HTTP/2; audiences; refusals; no upstream")
        func reviews() throws {
            try World.run(configure: {
                $0.listenerTLS = false
                $0.listenerLines = ["mode: tokenReview", "audiences: [\"https://kubernetes.default.svc\"]"]
            }) { world in
                let client = try RawClient.connect(to: world.gateway.endpoint)
                for version in ["v1", "v1beta1"] {
                    let response = try Self.ask(client, Self.body(world.token, version: version))
                    #expect(response.status == 200 && response.head["Content-Type"] == "application/json")
                    let review = try Review(response)
                    #expect(review.kind == "TokenReview" && review.apiVersion == "authentication.k8s.io/\(version)")
                    #expect(review.status.authenticated == true)
                    #expect(review.status.user?.username == "alice")
                    #expect(review.status.user?.groups == ["developers", "system:authenticated"])
                    #expect(review.status.audiences == ["https://kubernetes.default.svc"])
                    #expect(!response.text.contains(world.token), "the token is repeated")
                }
                let cases: [([String], Bool, [String]?)] = [
                    ([], true, nil), (["demo"], true, ["demo"]), (["other"], false, nil),
                    (
                        ["other", "demo", "https://kubernetes.default.svc"], true,
                        ["demo", "https://kubernetes.default.svc"]
                    ),
                ]
                for (asked, authenticated, audiences) in cases {
                    let review = try Review(try Self.ask(client, Self.body(world.token, audiences: asked)))
                    #expect(review.status.authenticated == authenticated, "\(asked)")
                    #expect(review.status.audiences == audiences, "\(asked)")
                    #expect((review.status.user == nil) == !authenticated, "\(asked)")
                }
                for token in ["nonsense", "a.b.c", world.token.dropLast(3) + "AAA"] {
                    let review = try Review(try Self.ask(client, Self.body(String(token))))
                    #expect(review.status.authenticated == false && review.status.user == nil)
                    #expect(review.status.error != nil)
                }
                // In chunks, and slowly.
                let whole = Self.body(world.token)
                client.wire.write(
                    "POST / HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n")
                for piece in [whole.prefix(40), whole.dropFirst(40)] {
                    client.wire.write(String(piece.utf8.count, radix: 16) + "\r\n" + piece + "\r\n")
                    sleep(for: .milliseconds(60))
                }
                client.wire.write("0\r\n\r\n")
                let slow = try client.reader.readResponse(to: "POST", by: .after(.seconds(5)))
                #expect(try Review(slow).status.authenticated == true)
                client.wire.close()
                #expect(world.upstream.requests.isEmpty)
                let idle = world.gateway.waitUntilIdle(within: .seconds(3))
                #expect(idle)
                #expect(world.gateway.logs(#""status":200,"end":"answered""#, #""user":"alice""#))
                #expect(!world.gateway.log.contains(world.token.suffix(40)))
            }
        }

        @Test("What is no TokenReview is a clear 400; too much is 413; too slow is 408; others 405")
        func refusals() throws {
            try World.run(configure: {
                $0.listenerTLS = false
                $0.listenerLines = ["mode: tokenReview"]
                $0.deadlines = ["bodyProgress": "1s"]
            }) { world in
                let good = Self.body(world.token, version: "v1", audiences: [])
                let bodies = [
                    "", "{", "[]", "null", "\(good){}", good.replacing("\"kind\"", with: "\"Kind\""),
                    good.replacing("TokenReview", with: "SubjectAccessReview"), good.replacing("/v1\"", with: "/v2\""),
                    good.replacing("authentication.k8s.io", with: "evil.example"),
                    good.replacing("\"spec\":{", with: "\"spec\":{\"fast\":true,"),
                    good.replacing("\"spec\":{", with: "\"spec\":{\"token\":\"a\","),
                    good.replacing("\"spec\":{", with: "\"spec\":{\"audiences\":\"demo\","),
                    good.replacing("\"spec\":{", with: "\"spec\":{\"audiences\":[1],"),
                    good.replacing(world.token, with: ""), good.replacing("\"\(world.token)\"", with: "7"),
                    good.replacing("\"status\"", with: "\"state\""),
                ]
                for body in bodies {
                    let client = try RawClient.connect(to: world.gateway.endpoint)
                    let response = try Self.ask(client, body)
                    #expect(response.status == 400, "\(body.prefix(60)): \(response.text)")
                    #expect(response.text.contains(#""kind":"Status""#))
                    client.wire.close()
                }
                let client = try RawClient.connect(to: world.gateway.endpoint)
                #expect(try Self.ask(client, Self.body(String(repeating: "a", count: 40_000))).status == 413)
                let other = try RawClient.connect(to: world.gateway.endpoint)
                let wrongMethod = try other.request("GET", "/")
                #expect(wrongMethod.status == 405 && wrongMethod.head["Allow"] == "POST")
                #expect(wrongMethod.head["Date"]?.hasSuffix(" GMT") == true)
                #expect(try Self.ask(other, good).status == 200)
                let slow = try RawClient.connect(to: world.gateway.endpoint)
                slow.send("POST", "/", fields: ["Content-Length: 500"])
                slow.wire.write("{")
                #expect(try slow.reader.readResponse(to: "POST", by: .after(.seconds(5))).status == 408)
                let gone = try RawClient.connect(to: world.gateway.endpoint)
                gone.send("POST", "/", fields: ["Content-Length: 500"])
                try wait("the review") { try world.gateway.status().inFlight > 0 }
                for client in [client, other, slow] { client.wire.close() }
                gone.wire.reset()
                let idle = world.gateway.waitUntilIdle(within: .seconds(3))
                #expect(idle, "a client that left is still waited for")
            }
        }

        @Test("With a caller's token nobody else may ask, by either protocol; the file is read again")
        func callers() throws {
            let folder = try TemporaryFolder()
            let secret = "webhook-secret-0123456789"
            try folder.write("caller", secret + "\n")
            try World.run(configure: {
                $0.listenerLines = ["mode: tokenReview", "callerTokenFile: \(folder.file("caller"))"]
            }) { world in
                let client = try world.gateway.connect()
                for fields in [
                    [], ["Authorization: Bearer \(world.token)"], ["Authorization: Bearer \(secret)0"],
                    ["Authorization: Bearer \(secret.dropLast())"], ["Authorization: Basic \(secret)"],
                ] {
                    let response = try Self.ask(client, Self.body(world.token), fields: fields)
                    #expect(response.status == 401, "\(fields)")
                    if response.head["Connection"] == "close" { break }
                }
                try folder.write("body", Self.body(world.token, audiences: []))
                for version in ["--http1.1", "--http2"] {
                    let asked = try ChildProcess.run(
                        "curl",
                        [
                            "--silent", "--show-error", version, "--cacert", world.certificates.authority, "--header",
                            "Authorization: Bearer \(secret)", "--header", "Content-Type: application/json",
                            "--data-binary", "@\(folder.file("body"))", "https://\(world.gateway.endpoint)/",
                        ])
                    #expect(
                        asked.output.contains("\"username\":\"alice\""), "\(version): \(asked.output) \(asked.errors)")
                    let refused = try ChildProcess.run(
                        "curl",
                        [
                            "--silent", "--show-error", version, "--cacert", world.certificates.authority, "--header",
                            "Authorization: Bearer wrong-\(secret)", "--request", "POST", "--write-out", "%{http_code}",
                            "https://\(world.gateway.endpoint)/",
                        ])
                    #expect(refused.output.hasSuffix("401"), "\(version): \(refused.output) \(refused.errors)")
                }
                let successor = "webhook-successor-0123456789"
                try folder.write("caller", successor)
                let accepts = { (token: String) -> Bool in
                    let client = try world.gateway.connect()
                    defer { client.wire.close() }
                    let fields = ["Authorization: Bearer \(token)"]
                    return try Self.ask(client, Self.body(world.token, audiences: []), fields: fields).status == 200
                }
                try wait("the new token") { try accepts(successor) }
                // The other worker looks at its own time.
                try expectEventually("the old token is still good", within: .seconds(5)) { try !accepts(secret) }
                client.wire.close()
            }
        }
    }
}
