// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct ReloadPolicyTests {
    let configuration = GatewayConfiguration(
        listeners: [.init(name: "a", address: "127.0.0.1:1", tls: nil), .init(name: "b", address: nil, tls: nil)],
        upstream: UpstreamConfiguration(server: "https://127.0.0.1:6443"),
        authentication: .init(oidc: .init(issuerURL: "https://issuer.example", clientID: "kubernetes")))

    private func changed(_ change: (inout GatewayConfiguration) -> Void) -> GatewayConfiguration {
        var copy = configuration
        change(&copy)
        return copy
    }

    @Test func whatBelongsToTheSupervisorStays() {
        let refusal = { (change: (inout GatewayConfiguration) -> Void) in
            ReloadPolicy.refusal(from: configuration, to: changed(change))
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.listeners[0].address = "127.0.0.1:2" }?.contains("listeners") == true)
        #expect(refusal { $0.listeners[1].name = "c" }?.contains("restart of the service") == true)
        #expect(refusal { $0.listeners.swapAt(0, 1) } != nil, "workers know listeners by their place")
        #expect(refusal { $0.control.socket = nil }?.contains("control.socket") == true)
        #expect(refusal { $0.admin = .init(address: "127.0.0.1:9402") }?.contains("admin") == true)
        #expect(refusal { $0.listeners[0].tls = .init(certificateFile: "/a", keyFile: "/b") } == nil)
        #expect(refusal { $0.workers.count = 7 } == nil)
    }

    @Test func theKeyringIsReplacedWithItsPart() {
        let changes = { (change: (inout GatewayConfiguration) -> Void) in
            ReloadPolicy.changesKeyring(from: configuration, to: changed(change))
        }
        #expect(changes { _ in } == false)
        #expect(changes { $0.upstream.server = "https://127.0.0.1:1" } == false)
        #expect(changes { $0.authentication.oidc?.clientID = "other" })
        #expect(changes { $0.logging.level = .debug })
        #expect(changes { $0.deadlines.identity = .seconds(7) })
        #expect(changes { $0.deadlines.drain = .seconds(7) } == false)
    }
}
