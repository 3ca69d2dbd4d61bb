// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// A real provider (Canaille) that is away for more than ten of the intervals at which its keys are fetched: with the
    /// defaults, for an hour.
    @Suite(.timeLimit(.minutes(3)))
    struct KeyOutageTests {
        /// Seconds after the last good fetch until its keys are too old: what is recycled meanwhile may take its time.
        private static let keepFor = 24
        /// How long the provider is away at least while everybody is served.
        private static let outage = Duration.seconds(12)

        private static func get(_ admin: Endpoint, _ path: String) throws -> HTTPResponse {
            try RawClient.connect(to: admin).request("GET", path)
        }

        @Test("The provider goes, everything is recycled: no good token is refused until the keys are too old")
        func outage() throws {
            let certificates = try Certificates.shared.get()
            let place = try Endpoint.free(on: "127.0.0.3")
            let provider = try OpenIDProvider(certificates, on: place)
            defer { provider.stop() }
            let upstream = try ScriptedUpstream(tls: certificates.server(), StandardUpstream.serve)
            defer { upstream.stop() }
            let admin = try Endpoint.free(on: "127.0.0.2")
            var options = GatewayOptions(issuer: provider.url, upstream: upstream.endpoint)
            options.clientID = provider.clientID
            options.keys = [
                "refreshInterval": "1s", "minimumRefreshInterval": "1s", "keepFor": "\(Self.keepFor)s",
            ]
            // Every request's token is verified, by the keys that there are then.
            options.authentication = ["cache: {acceptedFor: 0s, refusedFor: 0s}"]
            options.deadlines = ["identity": "1s"]
            options.admin = admin
            let gateway = try GatewayFixture(options, certificates: certificates)
            let token = try provider.idToken()
            let load = TokenLoad(gateway, token: token)
            try wait("load") { load.tally.served > 20 }

            provider.stop()
            let gone = ContinuousClock.now
            try recycle(gateway)
            sleep(until: gone + Self.outage)
            // Served from last good keys, which metrics and log tell.
            let age = try Metrics(Self.get(admin, "/metrics").text).value("jwks_age_seconds", ["issuer": provider.url])
            let ready = try Self.get(admin, "/readyz")
            let tally = load.stop()
            let served = ContinuousClock.now - gone
            #expect(tally.refusals.isEmpty, "\(tally.refusals.prefix(5)) of \(tally.served)\n\(gateway.log)")
            #expect(tally.served > 200)
            #expect(age ?? 0 >= 10, "\(age ?? -1) s")
            #expect(ready.status == 200, "\(ready.text)")
            let failed = gateway.log.split(separator: "\n").filter { $0.contains("keys not fetched") }
            #expect(failed.contains { $0.contains("lastGoodKept=true") }, "\(failed)")
            // A keyring that starts now may fail to fetch before it has heard of them.
            #expect(gateway.logs("keys of the keyring before"))

            try tooOld(gateway, admin, provider.url, token)

            // A provider with new keys, at the same place.
            let back = try OpenIDProvider(certificates, on: place)
            defer { back.stop() }
            let fresh = try back.idToken()
            try wait("the new keys", within: .seconds(20)) {
                try gateway.connect().request("GET", "/who", token: fresh).status == 200
            }
            #expect(try Self.get(admin, "/readyz").status == 200)
            let failures = try #require(Self.failures(in: gateway.log), "\(gateway.log.suffix(2_000))")
            #expect(failures >= 10, "\(failures) fetches failed")
            // Its key is gone for good.
            #expect(try gateway.connect().request("GET", "/who", token: token).status != 200)
            var table = FiguresTable(
                "provider away, keys fetched every second and kept for \(Self.keepFor) s",
                columns: ["served, s", "requests", "refused", "broken with a killed worker", "fetches that failed"])
            table.add(
                (served.milliseconds / 1_000).rounded(to: 1), "\(tally.served)", "\(tally.refusals.count)",
                "\(tally.broken)", "\(failures)")
            table.print()
            let stopped = gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }

        /// A worker killed, every process replaced by a roll, the keyring killed, and a worker once more.
        private func recycle(_ gateway: GatewayFixture) throws {
            let before = try gateway.status()
            if let worker = before.readyWorkers.first { ChildProcess.signal(worker.pid, SIGKILL) }
            try wait("a worker in its place", within: .seconds(10)) {
                let now = try gateway.status().readyWorkers.map(\.pid)
                return now.count == 2 && now != before.readyWorkers.map(\.pid)
            }
            let rolled = try ChildProcess.run(
                Harness.executable("lychgate"), ["restart", "--config", gateway.configurationFile])
            #expect(rolled.succeeded, "\(rolled.errors) \(gateway.log)")
            let after = try gateway.status()
            #expect(Set(before.readyWorkers.map(\.pid)).isDisjoint(with: after.readyWorkers.map(\.pid)))
            #expect(before.keyring.pid != after.keyring.pid)
            ChildProcess.signal(after.keyring.pid, SIGKILL)
            try wait("another keyring", within: .seconds(10)) {
                let keyring = try gateway.status().keyring
                return keyring.pid != after.keyring.pid && keyring.state == "ready"
            }
            if let worker = after.readyWorkers.last { ChildProcess.signal(worker.pid, SIGKILL) }
            try wait("a worker in its place", within: .seconds(10)) {
                let now = try gateway.status().readyWorkers.map(\.pid)
                return now.count == 2 && now != after.readyWorkers.map(\.pid)
            }
        }

        /// After `keepFor`: not ready, by name, and no token is believed any more.
        private func tooOld(_ gateway: GatewayFixture, _ admin: Endpoint, _ issuer: String, _ token: String) throws {
            try wait("the keys to be dropped", within: .seconds(Self.keepFor)) {
                gateway.log.contains("last good keys are too old and are dropped")
            }
            expectEventually(within: .seconds(2)) { (try? Self.get(admin, "/readyz").status) == 500 }
            #expect(try Self.get(admin, "/livez").status == 200)
            let reason = try Self.get(admin, "/readyz/keys")
            #expect(reason.status == 500 && reason.text.contains("no keys of \(issuer)"), "\(reason.text)")
            #expect(try Metrics(Self.get(admin, "/metrics").text).value("jwks_age_seconds") == nil)
            let answer = try gateway.connect().request("GET", "/who", token: token)
            let status = try Status(answer)
            #expect(answer.status == 504 && status.message.contains("keys of the token's issuer"), "\(answer.text)")
        }

        /// How many fetches failed in a row, as the log says at their end.
        private static func failures(in log: String) -> Int? {
            log.split(separator: "\n").last { $0.contains("keys fetched again") }
                .flatMap { $0.firstMatch(of: /failures\D+(\d+)/) }.flatMap { Int($0.1) }
        }
    }
}
