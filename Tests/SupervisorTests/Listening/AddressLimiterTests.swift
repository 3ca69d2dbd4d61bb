// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

@testable import Supervisor

@Suite struct AddressLimiterTests {
    let start = Instant.zero + .seconds(100)

    private func limiter(
        connections: Int = 0, perSecond: Int = 0, exempt: [String] = [], proxies: [String] = [],
        capacity: Int = AddressLimiter.capacity
    ) -> AddressLimiter {
        var configuration = GatewayConfiguration(
            listeners: [
                ListenerConfiguration(address: "127.0.0.1:0", tls: nil, proxyProtocol: .init(from: proxies)),
                ListenerConfiguration(name: "other", address: "127.0.0.1:1", tls: nil),
            ], upstream: .init(server: "http://127.0.0.1:1"),
            authentication: .init(oidc: .init(issuerURL: "https://issuer", clientID: "x")))
        configuration.limits.connectionsPerAddress = connections
        configuration.limits.acceptsPerSecond = perSecond
        configuration.limits.exemptAddresses = exempt
        return AddressLimiter(configuration, capacity: capacity)
    }

    private func peer(_ host: String) -> SocketAddress { SocketAddress(host: host, port: 4_000) ?? .unspecified }

    /// A connection comes; whether it stays.
    private func comes(_ limiter: inout AddressLimiter, _ id: UInt64, _ host: String, at time: Instant) -> Bool {
        guard limiter.judge(peer(host), listener: 0, now: time) == nil else { return false }
        limiter.admitted(id, peer(host), listener: 0)
        return true
    }

    @Test func soManyConnectionsOfOneAddress() {
        var limiter = limiter(connections: 2)
        #expect(comes(&limiter, 1, "192.0.2.1", at: start))
        #expect(comes(&limiter, 2, "192.0.2.1", at: start))
        #expect(limiter.judge(peer("192.0.2.1"), listener: 0, now: start) == .connections)
        #expect(comes(&limiter, 4, "192.0.2.2", at: start), "another address")
        limiter.ended(1)
        limiter.ended(1)
        #expect(comes(&limiter, 5, "192.0.2.1", at: start), "one has ended, and once only")
        #expect(!comes(&limiter, 6, "192.0.2.1", at: start))
        #expect(limiter.refusals == .init(connections: 2))
        for id: UInt64 in [2, 4, 5] { limiter.ended(id) }
        #expect(limiter.tracked == 0)
    }

    @Test func aHostHasASlash64() {
        var limiter = limiter(connections: 1)
        #expect(comes(&limiter, 1, "2001:db8::1", at: start))
        #expect(!comes(&limiter, 2, "2001:db8::ffff:1", at: start))
        #expect(comes(&limiter, 3, "2001:db8:0:1::1", at: start))
        // One host, as sockets of one family and of both show it.
        #expect(comes(&limiter, 4, "192.0.2.1", at: start))
        #expect(!comes(&limiter, 5, "::ffff:192.0.2.1", at: start))
    }

    @Test func soManyInASecond() {
        var limiter = limiter(perSecond: 10)
        let atOnce = (0..<50).count { comes(&limiter, UInt64($0), "192.0.2.1", at: start) }
        #expect(atOnce == 20, "two seconds' worth after a quiet time")
        let later = (0..<50).count { comes(&limiter, UInt64(100 + $0), "192.0.2.1", at: start + .milliseconds(500)) }
        #expect(later == 5)
        let muchLater = (0..<50).count { comes(&limiter, UInt64(200 + $0), "192.0.2.1", at: start + .seconds(900)) }
        #expect(muchLater == 20)
    }

    @Test func whoIsNotCounted() {
        var limiter = limiter(connections: 1, exempt: ["127.0.0.0/8"], proxies: ["10.0.0.0/8"])
        for host in ["127.0.0.1", "10.1.2.3", "::ffff:127.0.0.2"] {
            for id: UInt64 in 1...3 { #expect(comes(&limiter, id, host, at: start)) }
        }
        // A proxy of one listener is no proxy of another's.
        #expect(limiter.judge(peer("10.1.2.3"), listener: 1, now: start) == nil)
        limiter.admitted(9, peer("10.1.2.3"), listener: 1)
        #expect(limiter.judge(peer("10.1.2.3"), listener: 1, now: start) == .connections)
        #expect(limiter.judge(.unix, listener: 1, now: start) == nil)
    }

    @Test func aDeadWorkersConnectionsAreGone() {
        var limiter = limiter(connections: 3)
        let (dead, other) = (WorkerID(slot: 0, generation: 1), WorkerID(slot: 1, generation: 1))
        for id: UInt64 in 1...3 { _ = comes(&limiter, id, "192.0.2.1", at: start) }
        limiter.handed(1, to: dead)
        limiter.handed(2, to: dead)
        limiter.handed(3, to: other)
        // The second had not been read, and goes to another worker.
        limiter.workerDied(dead, keeping: [2])
        #expect(comes(&limiter, 4, "192.0.2.1", at: start))
        #expect(!comes(&limiter, 5, "192.0.2.1", at: start))
    }

    @Test func theTableIsBounded() {
        var limiter = limiter(connections: 1, perSecond: 10, capacity: 4)
        for id: UInt64 in 1...4 { #expect(comes(&limiter, id, "192.0.2.\(id)", at: start)) }
        // No place: neither counted nor refused.
        #expect(comes(&limiter, 5, "192.0.2.5", at: start))
        #expect(comes(&limiter, 6, "192.0.2.5", at: start))
        #expect(limiter.tracked == 4)
        limiter.ended(1)
        #expect(limiter.tracked == 4, "its rate is remembered")
        #expect(comes(&limiter, 7, "192.0.2.5", at: start + .seconds(3)), "an idle one's place")
        #expect(!comes(&limiter, 8, "192.0.2.5", at: start + .seconds(3)))
        #expect(limiter.tracked == 4)
    }

    @Test func aNewConfigurationKeepsTheCount() {
        var limiter = limiter(connections: 5)
        for id: UInt64 in 1...3 { _ = comes(&limiter, id, "192.0.2.1", at: start) }
        var configuration = GatewayConfiguration(
            listeners: [], upstream: .init(server: "http://127.0.0.1:1"),
            authentication: .init(oidc: .init(issuerURL: "https://issuer", clientID: "x")))
        configuration.limits.connectionsPerAddress = 3
        configuration.limits.acceptsPerSecond = 0
        limiter.use(configuration)
        #expect(!comes(&limiter, 4, "192.0.2.1", at: start))
    }

    @Test func theProgramAfterAnUpgradeCountsOn() throws {
        var before = limiter(connections: 2)
        let worker = WorkerID(slot: 1, generation: 7)
        _ = comes(&before, 1, "192.0.2.1", at: start)
        _ = comes(&before, 2, "192.0.2.1", at: start)
        _ = comes(&before, 3, "2001:db8::1", at: start)
        before.handed(1, to: worker)
        let text = try JSONEncoder().encode(before.saved)
        let saved = try JSONDecoder().decode(AddressLimiter.Saved.self, from: text)
        var after = limiter(connections: 2)
        after.restore(saved, now: start)
        #expect(after.tracked == 2)
        #expect(!comes(&after, 4, "192.0.2.1", at: start), "both are counted")
        #expect(comes(&after, 5, "2001:db8::2", at: start))
        #expect(!comes(&after, 6, "2001:db8::3", at: start))
        after.workerDied(worker, keeping: [])
        #expect(comes(&after, 7, "192.0.2.1", at: start), "it knows whose they are")
        after.ended(2)
        #expect(comes(&after, 8, "192.0.2.1", at: start), "and which")
        // What is cut short is taken as far as it goes.
        var broken = saved
        broken.connections.removeLast()
        broken.addresses = [peer("192.0.2.1")]
        var third = limiter(connections: 2)
        third.restore(broken, now: start)
        #expect(third.tracked <= 1)
    }

    @Test func linesAreRare() {
        var pacer = LogPacer()
        #expect(pacer.happened(start) == 1)
        for _ in 0..<99 { #expect(pacer.happened(start + .seconds(5)) == nil) }
        #expect(pacer.happened(start + .seconds(10)) == 100)
        #expect(pacer.happened(start + .seconds(11)) == nil)
    }
}
