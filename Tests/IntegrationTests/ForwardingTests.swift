// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// What the API server is told of a request's way, and what the request is called.
    @Suite(.timeLimit(.minutes(1)))
    struct ForwardingTests {
        @Test("A trusted proxy's fields go on with its address added; anybody else's are dropped")
        func forwarded() throws {
            let sent = [
                "X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 198.51.100.9, 203.0.113.1", "X-Forwarded-Proto: http",
                "X-Forwarded-Host: outer.example:8443", "Forwarded: for=192.0.2.7;proto=http", "X-Real-IP: 192.0.2.7",
                "X-Forwarded-Port: 80",
            ]
            try World.run(configure: { $0.listenerLines = [#"trustedProxies: ["10.0.0.0/8", "127.0.0.1/32"]"#] }) {
                world in
                let client = try world.gateway.connect()
                _ = try client.request("GET", "/trusted", token: world.token, fields: sent)
                // A worse list is no reason to refuse: it is the proxy's word.
                _ = try client.request(
                    "GET", "/odd", token: world.token,
                    fields: ["X-Forwarded-Proto: gopher", "X-Forwarded-Host: a b", "X-Forwarded-For:"])
                client.wire.close()
                let trusted = try #require(world.upstream.requests(for: "/trusted").first)
                #expect(
                    trusted.values("X-Forwarded-For") == ["192.0.2.7, 198.51.100.9, 203.0.113.1, 127.0.0.1"])
                #expect(trusted.values("X-Forwarded-Proto") == ["http"])
                #expect(trusted.values("X-Forwarded-Host") == ["outer.example:8443"])
                #expect(
                    trusted.values("Forwarded") == [
                        #"for=192.0.2.7;proto=http, for=127.0.0.1;proto=https;host="gateway.test""#
                    ])
                #expect(trusted["X-Real-IP"] == nil && trusted["X-Forwarded-Port"] == nil)
                let odd = try #require(world.upstream.requests(for: "/odd").first)
                #expect(odd.values("X-Forwarded-For") == ["127.0.0.1"])
                #expect(odd.values("X-Forwarded-Proto") == ["https"])
                #expect(odd.values("X-Forwarded-Host") == ["gateway.test"])
            }
            try World.run(configure: { $0.listenerLines = [#"trustedProxies: ["10.0.0.0/8"]"#] }) { world in
                let client = try world.gateway.connect()
                _ = try client.request("GET", "/plain", token: world.token, fields: sent)
                client.wire.close()
                let head = try #require(world.upstream.requests(for: "/plain").first)
                #expect(head.values("X-Forwarded-For") == ["127.0.0.1"])
                #expect(head.values("Forwarded") == [#"for=127.0.0.1;proto=https;host="gateway.test""#])
            }
        }

        @Test("One Audit-Id upstream, to the client and in the log: the client's if it is sane, else a UUID")
        func auditID() throws {
            try World.run { world in
                let client = try world.gateway.connect()
                let uuid = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
                var given: Set<String> = []
                for index in 0..<20 {
                    let response = try client.request("GET", "/made/\(index)", token: world.token)
                    let upstream = try #require(world.upstream.requests(for: "/made/\(index)").first)
                    let identifier = try #require(upstream["Audit-Id"])
                    #expect(try uuid.wholeMatch(in: identifier) != nil)
                    #expect(response.head.values("Audit-Id") == [identifier])
                    given.insert(identifier)
                }
                #expect(given.count == 20)

                for (index, kept) in [
                    ("Mine-1", true), ("a" + String(repeating: "b", count: 63), true),
                    (String(repeating: "b", count: 65), false), ("a b", false), ("a\"b", false), ("", false),
                ].enumerated() {
                    let response = try client.request(
                        "GET", "/own/\(index)", token: world.token, fields: ["Audit-Id: \(kept.0)", "Audit-ID: second"])
                    let upstream = try #require(world.upstream.requests(for: "/own/\(index)").first)
                    #expect(upstream.values("audit-id").count == 1)
                    #expect((upstream["Audit-Id"] == kept.0) == kept.1, "\(kept.0)")
                    #expect(response.head["Audit-Id"] == upstream["Audit-Id"])
                }

                // What the gateway answers itself has one too, and its line in the log.
                let refused = try client.request("GET", "/refused", fields: ["Audit-Id: named-by-client"])
                #expect(refused.status == 401 && refused.head["Audit-Id"] == "named-by-client")
                world.upstream.stop()
                let failed = try client.request("POST", "/failed", token: world.token, body: "x")
                #expect(failed.status == 502)
                let identifier = try #require(failed.head["Audit-Id"])
                client.wire.close()
                expectEventually(within: .seconds(2)) {
                    let log = world.gateway.log
                    return log.contains(#""audit_id":"named-by-client""#)
                        && log.contains(#""audit_id":"\#(identifier)""#)
                }
            }
        }

        @Test("The API server's own Audit-Id is not added to")
        func upstreamsOwn() throws {
            try World.run(script: { connection in
                while true {
                    _ = try connection.readHead()
                    connection.answer(fields: ["Audit-ID: of-the-server"])
                }
            }) { world in
                let client = try world.gateway.connect()
                let response = try client.request("GET", "/x", token: world.token)
                #expect(response.head.values("Audit-Id") == ["of-the-server"])
                client.wire.close()
            }
        }
    }
}
