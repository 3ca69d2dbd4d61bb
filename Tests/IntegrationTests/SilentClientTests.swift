// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Connections that say nothing, and what they cost others.
    @Suite(.timeLimit(.minutes(1)))
    struct SilentClientTests {
        /// Descriptors that the supervisor may have: few, so that its ledger has few places. Half of what is left of them
        /// when 256 are set aside.
        private static let descriptors = 1_024
        private static let places = (descriptors - 256) / 2

        private static func program(_ folder: TemporaryFolder) throws -> String {
            let script = try folder.write(
                "lychgate-limited",
                "#!/bin/sh\nulimit -n \(descriptors)\nexec '\(Harness.executable("lychgate"))' \"$@\"\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
            return script
        }

        private static func silent(_ count: Int, from address: String, to endpoint: Endpoint) -> [RawClient] {
            // The reset of one too many may be faster than connect(2).
            (0..<count).compactMap { _ in try? RawClient.connect(to: endpoint, from: address) }
        }

        @Test("However many clients say nothing, the next one is served at once; one address has a share of the places")
        func gateway() throws {
            let admin = try Endpoint.free()
            let folder = try TemporaryFolder()
            try World.run(configure: {
                $0.program = try? Self.program(folder)
                $0.admin = admin
                $0.limits = ["exemptAddresses": "[127.0.0.1, 127.0.0.8, 127.0.0.9]"]
            }) { world in
                let endpoint = world.gateway.endpoint
                let metrics = { try Metrics(ChildProcess.run("curl", ["--silent", "http://\(admin)/metrics"]).output) }
                // An ordinary address: an eighth.
                let share = Self.places / 8
                var silent = Self.silent(share + 12, from: "127.0.0.2", to: endpoint)
                try wait("the refusals") {
                    try metrics().value("refused_connections_total", ["limit": "unclaimed"]) == 12
                }
                #expect(try world.gateway.status().handoff.unclaimed == share)
                #expect(world.gateway.logs("limit=unclaimed"))
                // Exempt ones: a half each, which is more than there are places left.
                for address in ["127.0.0.8", "127.0.0.9"] {
                    silent += Self.silent(Self.places / 2, from: address, to: endpoint)
                }
                let start = ContinuousClock.now
                for _ in 0..<4 {
                    #expect(try world.gateway.connect().request("GET", "/now", token: world.token).status == 200)
                }
                let took = (ContinuousClock.now - start).milliseconds
                // They would be given up after 10 s (deadlines.tlsHandshake).
                #expect(took < 3_000, "\(took) ms")
                try wait("the figures") { try metrics().value("handoff_total", ["result": "forgotten"]) ?? 0 > 0 }
                #expect(try metrics().value("accept_pauses_total", ["reason": "unclaimed"]) == 0)
                // One that was forgotten may speak all the same, and its worker is believed.
                let first = try #require(silent.first)
                try first.startTLS(
                    world.certificates.client(), serverName: endpoint.address, by: .after(.seconds(5)))
                #expect(try first.request("GET", "/late", token: world.token).status == 200)
                for client in silent { client.wire.close() }
                #expect(world.gateway.waitUntilIdle(within: .seconds(10)))
                #expect(try world.gateway.status().recycles.isEmpty)
                #expect(try world.gateway.status().handoff.lost == 0)
            }
        }

        @Test("The admin listener answers, however many clients of one address say nothing there")
        func admin() throws {
            let admin = try Endpoint.free(on: "127.0.0.1")
            try World.run(configure: { $0.admin = admin }) { world in
                let silent = Self.silent(100, from: "127.0.0.2", to: admin)
                let answer = try ChildProcess.run("curl", ["--silent", "--max-time", "2", "http://\(admin)/readyz"])
                #expect(answer.output == "ok")
                let metrics = try Metrics(ChildProcess.run("curl", ["--silent", "http://\(admin)/metrics"]).output)
                // 16 of 64 places.
                #expect(metrics.value("admin_refused_connections_total", ["limit": "unclaimed"]) == 84)
                #expect(metrics.value("admin_refused_connections_total", ["limit": "connections"]) == 0)
                for client in silent { client.wire.close() }
            }
        }
    }
}
