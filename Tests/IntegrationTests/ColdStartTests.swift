// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// A gateway that starts while its only issuer is away.
    @Suite(.timeLimit(.minutes(2)))
    struct ColdStartTests {
        enum Absence: CaseIterable {
            case refusesConnections
            case neverAnswers
        }

        @Test("Whom others vouch for is served, and nothing is restarted", arguments: Absence.allCases)
        func issuerAway(_ absence: Absence) throws {
            let certificates = try Certificates.shared.get()
            let place = try Endpoint.free(on: "127.0.0.3")
            let silent = absence == .neverAnswers ? try SilentListener(on: place, backlog: 16) : nil
            let reviews = ReviewingUpstream()
            let upstream = try ScriptedUpstream(tls: certificates.server()) { try reviews.serve($0) }
            defer { upstream.stop() }
            let admin = try Endpoint.free(on: "127.0.0.2")
            var options = GatewayOptions(issuer: "https://\(place)", upstream: upstream.endpoint)
            options.authentication = ["tokenReview: {mode: impersonate}"]
            options.deadlines = ["workerStart": "3s", "identity": "1s"]
            options.admin = admin
            let gateway = try GatewayFixture(options, certificates: certificates)
            let pids = { () throws -> Set<Int32> in
                let status = try gateway.status()
                return Set(status.readyWorkers.map(\.pid) + [status.keyring.pid])
            }
            let before = try pids()
            #expect(before.count == 3)
            let ask = { (token: String) in try gateway.connect().request("GET", "/x", token: token) }
            #expect(try ask("api-token-robot").status == 200)
            let readiness = try RawClient.connect(to: admin).request("GET", "/readyz/keys")
            #expect(readiness.status == 500)
            #expect(readiness.text.contains("no keys of https://\(place)"), "\(readiness.text)")

            // Its tokens wait in vain, and no child is replaced when its time to start is over.
            let stranger = try World.wellBehavedIssuer.get()
            let early = try stranger.token(for: "alice", claims: ["iss": "https://\(place)"])
            #expect(try ask(early).status == 504)
            sleep(for: .seconds(4))
            #expect(try pids() == before, "\(gateway.log)")
            #expect(try ask("api-token-robot").status == 200)

            silent?.close()
            let issuer = try TestIssuer(certificates, on: place)
            defer { issuer.stop() }
            let token = try issuer.token(for: "alice")
            try wait("the keys", within: .seconds(15)) { try ask(token).status == 200 }
            #expect(try RawClient.connect(to: admin).request("GET", "/readyz").status == 200)
            #expect(try pids() == before)
            let stopped = gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }
    }
}
