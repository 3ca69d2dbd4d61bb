// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Tokens by an OpenID provider that is not ours.
    @Suite(.timeLimit(.minutes(2)))
    struct OpenIDProviderTests {
        @Test("An ID token by Canaille, got by the authorization code grant, is accepted as its user")
        func realToken() throws {
            let certificates = try Certificates.shared.get()
            let provider = try OpenIDProvider(certificates)
            defer { provider.stop() }
            let upstream = try ScriptedUpstream(tls: certificates.server(), StandardUpstream.serve)
            defer { upstream.stop() }
            var options = GatewayOptions(issuer: provider.url, upstream: upstream.endpoint)
            options.clientID = provider.clientID
            let gateway = try GatewayFixture(options, certificates: certificates)
            let token = try provider.idToken()

            let client = try gateway.connect()
            #expect(try client.request("GET", "/who", token: token).status == 200)
            let seen = try #require(upstream.requests(for: "/who").first)
            #expect(seen.values("impersonate-user") == [provider.user])
            #expect(Set(seen.values("impersonate-group")) == [provider.group, "system:authenticated"])

            // The same token with one byte of its claims changed.
            var bytes = Array(token.utf8)
            let middle = (bytes.firstIndex(of: UInt8(ascii: ".")) ?? 0) + 20
            bytes[middle] = bytes[middle] == UInt8(ascii: "a") ? UInt8(ascii: "b") : UInt8(ascii: "a")
            let forged = try gateway.connect().request("GET", "/who", token: String(decoding: bytes, as: UTF8.self))
            #expect(forged.status == 401)

            // The provider gone: the keys are kept, also for a worker that starts now.
            provider.stop()
            let worker = try #require(try gateway.status().readyWorkers.first)
            ChildProcess.signal(worker.pid, SIGKILL)
            let replaced = eventually(within: .seconds(20)) {
                (try? gateway.status())?.readyWorkers.contains { $0.slot == worker.slot && $0.pid != worker.pid }
                    ?? false
            }
            #expect(replaced, "\(gateway.log)")
            for _ in 0..<4 {
                #expect(try gateway.connect().request("GET", "/who", token: token).status == 200)
            }
            let stopped = gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }
    }
}
