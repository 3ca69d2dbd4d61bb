// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct UnclaimedSharesTests {
    private func peer(_ host: String) -> SocketAddress { SocketAddress(host: host, port: 4_000) ?? .unspecified }

    @Test(arguments: [(4_096, 512, 2_048), (384, 48, 192), (64, 16, 32), (16, 16, 16), (8, 8, 8)])
    func shares(capacity: Int, ordinary: Int, exempt: Int) {
        let shares = UnclaimedShares(capacity: capacity)
        #expect(shares.ordinary == ordinary && shares.exempt == exempt)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "::ffff:192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("2001:db8::1", "2001:db8::ffff:1", true), ("2001:db8::1", "2001:db8:0:1::1", false),
    ])
    func nobodyTakesMoreThanItsShare(first: String, second: String, isOneHost: Bool) {
        var shares = UnclaimedShares(capacity: 64)
        for _ in 0..<16 {
            #expect(shares.admits(peer(first), isExempt: false))
            shares.taken(by: peer(first))
        }
        #expect(!shares.admits(peer(first), isExempt: false))
        #expect(shares.admits(peer(second), isExempt: false) == !isOneHost)
        #expect(shares.admits(peer(second), isExempt: true))
        shares.given(backBy: peer(first))
        #expect(shares.admits(peer(first), isExempt: false))
    }

    @Test func whatHasNoAddressHasNoShare() {
        var shares = UnclaimedShares(capacity: 8)
        for _ in 0..<100 { shares.taken(by: .unspecified) }
        #expect(shares.admits(.unspecified, isExempt: false))
        shares.given(backBy: .unspecified)
    }
}
