// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Keys of a real provider (Canaille) that change under load.
    @Suite(.timeLimit(.minutes(3)))
    struct KeyRotationTests {
        @Test("Keys rotate and workers and keyring are replaced: no good token is refused")
        func rotation() throws {
            let certificates = try Certificates.shared.get()
            let provider = try OpenIDProvider(certificates)
            defer { provider.stop() }
            let upstream = try ScriptedUpstream(tls: certificates.server(), StandardUpstream.serve)
            defer { upstream.stop() }
            var options = GatewayOptions(issuer: provider.url, upstream: upstream.endpoint)
            options.clientID = provider.clientID
            // So that what is tested is the unknown key's own refresh.
            options.keys = ["refreshInterval": "1h", "minimumRefreshInterval": "1h"]
            let gateway = try GatewayFixture(options, certificates: certificates)
            let load = TokenLoad(gateway, token: try provider.idToken())

            // Two rotations, further apart than the limit for refreshes by unknown keys.
            for round in 0..<2 {
                try provider.rotate()
                let rotated = ContinuousClock.now
                let token = try provider.idToken()
                #expect(try gateway.connect().request("GET", "/who", token: token).status == 200)
                load.add(token)
                guard round == 0 else { continue }
                let restarted = try ChildProcess.run(
                    Harness.executable("lychgate"), ["restart", "--config", gateway.configurationFile])
                #expect(restarted.succeeded, "\(restarted.errors) \(gateway.log)")
                if let worker = try gateway.status().readyWorkers.first { ChildProcess.signal(worker.pid, SIGKILL) }
                sleep(until: rotated + .seconds(12))
            }
            sleep(for: .seconds(1))
            let tally = load.stop()
            #expect(tally.refusals.isEmpty, "\(tally.refusals.prefix(5)) of \(tally.served)\n\(gateway.log)")
            #expect(tally.served > 200)
            print("figures: key rotation: \(tally.served) served, \(tally.refusals.count) refused\n")
            let stopped = gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }
    }
}
