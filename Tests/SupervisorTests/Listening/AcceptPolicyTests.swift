// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct AcceptPolicyTests {
    let now = Instant.zero + .seconds(100)

    @Test(arguments: [
        (1_000, 0, 1_000, AcceptPolicy.Decision.accept(upTo: 64)),
        (5, 0, 1_000, .accept(upTo: 5)),
        (1_000, 0, 7, .accept(upTo: 7)),
        (0, 0, 1_000, .pause(.noCredits)),
        (1_000, 0, 0, .pause(.tooManyUnclaimed)),
        (1_000, 1, 1_000, .pause(.connectionsHeld)),
    ])
    func decisions(credits: Int, held: Int, room: Int, expected: AcceptPolicy.Decision) {
        #expect(AcceptPolicy().decide(credits: credits, held: held, room: room, now: now) == expected)
    }

    @Test func exhaustionPausesForAMoment() {
        var policy = AcceptPolicy()
        policy.descriptorsExhausted(now)
        let until = now + AcceptPolicy.exhaustionPause
        #expect(policy.decide(credits: 9, held: 0, room: 9, now: now) == .pause(.descriptors(until: until)))
        #expect(policy.decide(credits: 9, held: 0, room: 9, now: until) == .accept(upTo: 9))
    }

    @Test func stoppingIsForGood() {
        var policy = AcceptPolicy()
        policy.stop()
        #expect(policy.decide(credits: 9, held: 0, room: 9, now: .never) == .pause(.stopping))
    }

    @Test(arguments: [(1_048_576, 4_096), (1_024, 384), (256, 16), (64, 16)])
    func unclaimedBound(limit: Int, expected: Int) {
        #expect(AcceptPolicy.unclaimedBound(descriptorLimit: limit) == expected)
    }
}

@Suite struct AcceptPausesTests {
    /// Each turn's decision; what is counted.
    @Test func aPauseIsCountedOnceHoweverLongItLasts() {
        var pauses = AcceptPauses()
        let decisions: [AcceptPolicy.Decision] = [
            .accept(upTo: 1), .pause(.noCredits), .pause(.noCredits), .accept(upTo: 1), .pause(.noCredits),
            .pause(.connectionsHeld), .pause(.descriptors(until: .zero)), .pause(.descriptors(until: .never)),
            .pause(.tooManyUnclaimed), .pause(.stopping), .accept(upTo: 64),
        ]
        for decision in decisions { pauses.note(decision) }
        #expect(pauses.counts == ["no_credits": 2, "connections_held": 1, "descriptors": 1, "unclaimed": 1])
        #expect(AcceptPauses.Reason.allCases.map { pauses[$0] } == [1, 2, 1, 1])
        var next = AcceptPauses()
        next.restore(pauses.counts)
        next.note(.pause(.noCredits))
        #expect(next[.noCredits] == 3)
    }
}

@Suite struct SocketAssignmentTests {
    typealias Listener = SocketAssignment.Listener

    @Test func namesDecide() throws {
        let assignment = try SocketAssignment(
            passed: ["main", "other", "main", "stray"],
            listeners: [.init(name: "main", hasAddress: false), .init(name: "other", hasAddress: true)])
        #expect(assignment.taken == [[0, 2], [1]])
        #expect(assignment.unused == [3])
    }

    @Test func withoutSocketsTheAddressesAreBound() throws {
        let assignment = try SocketAssignment(passed: [], listeners: [.init(name: "main", hasAddress: true)])
        #expect(assignment.taken == [[]])
    }

    @Test func aLoneListenerWithoutAddressTakesUnnamedSockets() throws {
        let assignment = try SocketAssignment(
            passed: ["lychgate.socket", "lychgate.socket"],
            listeners: [.init(name: "main", hasAddress: false), .init(name: "other", hasAddress: true)])
        #expect(assignment.taken == [[0, 1], []])
        #expect(assignment.unused.isEmpty)
    }

    @Test(
        arguments: [
            ([], [Listener(name: "main", hasAddress: false)]),
            (["x"], [Listener(name: "main", hasAddress: false), Listener(name: "b", hasAddress: false)]),
            (["b"], [Listener(name: "main", hasAddress: false), Listener(name: "b", hasAddress: false)]),
        ] as [([String], [Listener])])
    func aListenerWithNothingStopsTheStart(passed: [String], listeners: [Listener]) {
        #expect(throws: SocketAssignment.Failure.nothing(listener: "main", passed: passed)) {
            try SocketAssignment(passed: passed, listeners: listeners)
        }
    }
}

@Suite struct ListenerSocketsTests {
    @Test(
        arguments: [
            ("[::]:8443", [], false), ("[::]:8443", ["0.0.0.0:8443"], true), ("[::]:8443", ["127.0.0.1:8443"], true),
            ("[::]:8443", ["0.0.0.0:9443"], false), ("[::1]:8443", ["127.0.0.1:8443"], false),
            ("[::]:0", ["0.0.0.0:0"], false),
            ("0.0.0.0:8443", ["127.0.0.1:8443"], false),
        ] as [(String, [String], Bool)])
    func dualStackUnlessIPv4IsAskedForApart(address: String, others: [String], expected: Bool) throws {
        let address = try #require(SocketAddress(address))
        #expect(ListenerSockets.ipv6Only(address, among: others.compactMap { SocketAddress($0) }) == expected)
    }

    @Test func anIPv4ClientOfADualStackSocketHasItsIPv4Address() throws {
        #expect(try #require(SocketAddress("[::ffff:192.0.2.1]:80")).unmapped == SocketAddress("192.0.2.1:80"))
        #expect(try #require(SocketAddress("[2001:db8::1]:80")).unmapped == SocketAddress("[2001:db8::1]:80"))
    }

    @Test func anAddressInUseIsSaidWithItsListener() throws {
        let held = try ListeningSocket(binding: try #require(SocketAddress("127.0.0.1:0")), ipv6Only: false)
        let failure = StartFailure.cannotListen(
            listener: "main", address: "\(held.localAddress)", .addressInUse)
        #expect(throws: Errno.addressInUse) {
            try ListeningSocket(binding: held.localAddress, ipv6Only: false)
        }
        #expect("\(failure)" == "listener main: another process listens on \(held.localAddress) already")
        #expect(failure.exitCode == ExitCode.failure)
    }
}
