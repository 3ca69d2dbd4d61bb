// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Keys of a real provider (Canaille) that change, and a provider that is away, under load.
    @Suite(.timeLimit(.minutes(3)))
    struct KeyRotationTests {
        @Test("Keys rotate, the provider goes, workers and keyring are replaced: no good token is refused")
        func rotationAndOutage() throws {
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
            let tokens = Cell([try provider.idToken()])
            let tally = Cell((served: 0, failures: [String]()))
            let over = Cell(false)
            let finished = Harness.inBackground {
                Harness.concurrently(4) { index in
                    var turn = index
                    while !over.value {
                        turn += 1
                        let known = tokens.value
                        let token = known[turn % known.count]
                        do {
                            let status = try gateway.connect().request("GET", "/who", token: token).status
                            tally.update {
                                if status == 200 { $0.served += 1 } else { $0.failures.append("status \(status)") }
                            }
                        } catch {
                            tally.update { $0.failures.append("\(error)") }
                        }
                        sleep(for: .milliseconds(5))
                    }
                }
                return true
            }

            // Two rotations, further apart than the limit for refreshes by unknown keys.
            for _ in 0..<2 {
                try provider.rotate()
                let token = try provider.idToken()
                #expect(try gateway.connect().request("GET", "/who", token: token).status == 200)
                tokens.update { $0.append(token) }
                sleep(for: .seconds(11))
            }

            provider.stop()
            let before = Set(try gateway.status().readyWorkers.map(\.pid))
            let restarted = try ChildProcess.run(
                Harness.executable("lychgate"), ["restart", "--config", gateway.configurationFile])
            #expect(restarted.succeeded, "\(restarted.errors) \(gateway.log)")
            #expect(before.isDisjoint(with: Set(try gateway.status().readyWorkers.map(\.pid))))
            if let worker = try gateway.status().readyWorkers.first { ChildProcess.signal(worker.pid, SIGKILL) }
            sleep(for: .seconds(5))
            over.value = true
            _ = finished()
            let result = tally.value
            // A connection that the killed worker held may break; no answer may be a refusal.
            let refusals = result.failures.filter { $0.hasPrefix("status") }
            #expect(refusals.isEmpty, "\(refusals.prefix(5)) of \(result.served)\n\(gateway.log)")
            #expect(result.served > 200)
            print("figures: key rotation and outage: \(result.served) served, \(refusals.count) refused")
            let stopped = gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }
    }
}
