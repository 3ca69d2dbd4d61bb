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
            let first = try provider.idToken()
            let load = TokenLoad(gateway, token: first)

            for round in 0..<2 {
                // Whoever invents a key makes the keyring fetch, and must not spoil the next fetch for the new one; nor is
                // he left to wait for his deadline.
                for _ in 0..<2 {
                    let refused = try gateway.connect().request("GET", "/who", token: Self.byInventedKey(first))
                    #expect(refused.status == 401, "\(refused.text)")
                }
                sleep(for: .seconds(1))
                try provider.rotate()
                let token = try provider.idToken()
                #expect(try gateway.connect().request("GET", "/who", token: token).status == 200)
                load.add(token)
                guard round == 0 else { continue }
                let restarted = try ChildProcess.run(
                    Harness.executable("lychgate"), ["restart", "--config", gateway.configurationFile])
                #expect(restarted.succeeded, "\(restarted.errors) \(gateway.log)")
                if let worker = try gateway.status().readyWorkers.first { ChildProcess.signal(worker.pid, SIGKILL) }
            }
            sleep(for: .seconds(1))
            let tally = load.stop()
            #expect(tally.refusals.isEmpty, "\(tally.refusals.prefix(5)) of \(tally.served)\n\(gateway.log)")
            #expect(tally.served > 200)
            print("figures: key rotation: \(tally.served) served, \(tally.refusals.count) refused\n")
            let stopped = gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }

        /// The token with another `kid` in its header, which nobody has.
        private static func byInventedKey(_ token: String) -> String {
            let header = Data(#"{"alg":"RS256","kid":"\#(UUID().uuidString)"}"#.utf8).base64EncodedString()
            let parts = token.split(separator: ".")
            let encoded = header.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            return ([Substring(encoded)] + parts.dropFirst()).joined(separator: ".")
        }
    }
}
