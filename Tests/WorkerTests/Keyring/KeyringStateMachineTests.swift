// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("KeyringStateMachine")
struct KeyringStateMachineTests {
    private let issuer = TestIssuer()
    private let url = TestIssuer.url

    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: UInt64(1_000 + seconds) * 1_000_000_000) }

    private func machine(_ issuers: [String] = [TestIssuer.url]) -> KeyringStateMachine {
        KeyringStateMachine(
            issuers: issuers.map { .init(issuer: $0, discoveryURL: ProviderMetadata.address(of: $0)) },
            settings: .init(), deadlines: .init(identity: .seconds(20)), now: at(0))
    }

    private func discovery(_ url: String = TestIssuer.url) -> [UInt8] {
        Array(#"{"issuer":"\#(url)","jwks_uri":"\#(url)/keys"}"#.utf8)
    }

    private func jwks(_ keys: [TestIssuer.Key]) -> [UInt8] {
        Array(#"{"keys":[\#(keys.map(\.jwk).joined(separator: ","))]}"#.utf8)
    }

    /// One whole fetch; what its end brought.
    private func fetch(
        _ machine: inout KeyringStateMachine, _ keys: [TestIssuer.Key], at second: Int
    ) -> [KeyringStateMachine.Action] {
        let address = url + "/.well-known/openid-configuration"
        #expect(
            machine.tick(now: at(second)) == [.get(issuer: 0, url: address, deadline: at(second + 10))])
        #expect(
            finish(&machine, .success(discovery()), at: second + 1)
                == [.get(issuer: 0, url: url + "/keys", deadline: at(second + 10))])
        return finish(&machine, .success(jwks(keys)), at: second + 2)
    }

    private func finish(
        _ machine: inout KeyringStateMachine, _ result: Result<[UInt8], FetchFailure>, issuer: Int = 0, at second: Int
    ) -> [KeyringStateMachine.Action] {
        machine.finished(issuer: issuer, result, now: at(second), wallClock: Int64(second), jitter: 0)
    }

    private func published(_ actions: [KeyringStateMachine.Action]) -> (generation: UInt64, keys: KeySet)? {
        for case .publish(let generation, let document) in actions {
            guard let keys = try? KeySet(document: Array(document.utf8)) else { return nil }
            return (generation, keys)
        }
        return nil
    }

    @Test func publishesWhatTheWorkersRead() throws {
        let keys = [issuer.makeKey("a"), issuer.makeKey("\"b\\"), issuer.makeKey(nil, .rsa(bits: 2_048))]
        var machine = machine()
        #expect(!machine.isReady)
        let actions = fetch(&machine, keys, at: 0)
        let document = try #require(published(actions))
        #expect(machine.isReady)
        #expect(document.generation == 1)
        #expect(document.keys.generation == 1)
        #expect(document.keys.issuers[0].fetchedAt == 2)
        #expect(Set(document.keys.issuers[0].keys.map(\.key.keyID)) == ["a", "\"b\\", nil])
        #expect(
            actions.first == .report(.changed(issuer: url, generation: 1, keys: 3, skipped: "")))
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        authenticator.install(document.keys)
        for key in keys {
            let token = issuer.sign(TestIssuer.claims(), key)
            #expect(authenticator.authenticate(token.span, now: 1).identity != nil)
        }
    }

    /// Order, unknown members and private parts of the provider's document are no change and go nowhere.
    @Test func onlyARealChangeIsAGeneration() throws {
        let first = issuer.makeKey("a")
        let second = issuer.makeKey("b")
        var machine = machine()
        #expect(published(fetch(&machine, [first, second], at: 0))?.generation == 1)
        #expect(fetch(&machine, [second, first], at: 302) == [])
        let third = fetch(&machine, [second], at: 604)
        #expect(published(third)?.generation == 2)
        #expect(machine.generation == 2)
    }

    @Test func aDemandIsAnsweredEvenWithoutAChange() {
        let key = issuer.makeKey("a")
        var machine = machine()
        _ = fetch(&machine, [key], at: 0)
        #expect(machine.demand(issuer: nil, now: at(50)).count == 1)
        _ = finish(&machine, .success(discovery()), at: 51)
        let actions = finish(&machine, .success(jwks([key])), at: 51)
        #expect(published(actions)?.generation == 1)
        #expect(actions.count == 1)
        #expect(machine.demand(issuer: nil, now: at(55)) == [])
        #expect(machine.nextTick == at(60))
    }

    /// An unknown key of one issuer makes nobody fetch another's, and each has its own rate limit.
    @Test func aDemandIsOneIssuers() {
        let others = (0..<3).map { "https://i\($0).example" }
        var machine = machine(others)
        _ = machine.tick(now: at(0))
        for (index, other) in others.enumerated() {
            _ = finish(&machine, .success(discovery(other)), issuer: index, at: 0)
            _ = finish(&machine, .success(jwks([issuer.makeKey("a")])), issuer: index, at: 0)
        }
        let address = { (index: Int) in ProviderMetadata.address(of: others[index]) }
        #expect(
            machine.demand(issuer: 1, now: at(50)) == [.get(issuer: 1, url: address(1), deadline: at(60))])
        // While it is fetched it is not fetched again.
        #expect(machine.demand(issuer: 1, now: at(50)) == [])
        _ = finish(&machine, .success(discovery(others[1])), issuer: 1, at: 51)
        let answer = finish(&machine, .success(jwks([issuer.makeKey("b")])), issuer: 1, at: 51)
        #expect(published(answer)?.keys.issuers.count == 3)
        #expect(machine.demand(issuer: 1, now: at(52)) == [])
        #expect(machine.demand(issuer: 2, now: at(52)).count == 1)
        #expect(machine.nextTick == at(60))
        // No such issuer: nobody is asked.
        #expect(machine.demand(issuer: 3, now: at(53)) == [])
    }

    @Test func theLastGoodSetIsKeptWhateverHappens() {
        let key = issuer.makeKey("a")
        var machine = machine()
        _ = fetch(&machine, [key], at: 0)
        var now = 302
        for result: Result<[UInt8], FetchFailure> in [
            .failure(.timedOut), .failure(.status(500)), .success([]), .success(discovery("https://evil.example")),
        ] {
            now = Int((machine.nextTick ?? at(now)).nanoseconds / 1_000_000_000) - 1_000
            #expect(machine.tick(now: at(now)).count == 1)
            let actions = finish(&machine, result, at: now)
            #expect(published(actions) == nil)
            #expect(machine.isReady)
        }
        #expect(machine.generation == 1)
    }

    @Test func anEmptyOrUnusableSetIsAFailure() {
        var machine = machine()
        _ = machine.tick(now: at(0))
        _ = finish(&machine, .success(discovery()), at: 0)
        #expect(
            finish(&machine, .success(Array(#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#.utf8)), at: 0)
                == [.report(.failed(issuer: url, .noUsableKey, retryIn: .seconds(1), hasKeys: false))])
        #expect(!machine.isReady)
    }

    @Test func failuresAreLoggedOnceUntilTheyDiffer() {
        var machine = machine()
        var reports: [KeyringStateMachine.Action] = []
        for failure: FetchFailure in [.timedOut, .timedOut, .timedOut, .status(503), .status(503), .timedOut] {
            let now = machine.nextTick ?? at(0)
            _ = machine.tick(now: now)
            reports += machine.finished(issuer: 0, .failure(failure), now: now, wallClock: 0, jitter: 0)
        }
        #expect(
            reports == [
                .report(.failed(issuer: url, .timedOut, retryIn: .seconds(1), hasKeys: false)),
                .report(.failed(issuer: url, .status(503), retryIn: .seconds(8), hasKeys: false)),
                .report(.failed(issuer: url, .timedOut, retryIn: .seconds(32), hasKeys: false)),
            ])
        let now = Int((machine.nextTick ?? at(0)).nanoseconds / 1_000_000_000) - 1_000
        let actions = fetch(&machine, [issuer.makeKey("a")], at: now)
        #expect(actions.first == .report(.recovered(issuer: url, failures: 6)))
    }

    @Test func cacheControlWithinBounds() {
        for (maxAge, next) in [(nil, 300), (10, 60), (120, 120), (9_999, 300)] as [(Int?, Int)] {
            var machine = machine()
            _ = machine.tick(now: at(0))
            _ = finish(&machine, .success(discovery()), at: 0)
            _ = machine.finished(
                issuer: 0, .success(jwks([issuer.makeKey("a")])), maxAge: maxAge.map { .seconds($0) }, now: at(0),
                wallClock: 0, jitter: 0)
            #expect(machine.nextTick == at(next))
        }
    }

    @Test func lastGoodKeysEndWhereTheConfigurationSaysSo() throws {
        var machine = KeyringStateMachine(
            issuers: [.init(issuer: url, discoveryURL: ProviderMetadata.address(of: url))],
            settings: .init(keepFor: .seconds(1_000)), deadlines: .init(identity: .seconds(20)), now: at(0))
        _ = fetch(&machine, [issuer.makeKey("a")], at: 0)
        #expect(machine.fetchedAt == [2])
        _ = machine.tick(now: at(302))
        _ = finish(&machine, .failure(.timedOut), at: 302)
        let early = machine.tick(now: at(1_001))
        #expect(published(early) == nil)
        let late = machine.tick(now: at(1_002))
        #expect(late.contains(.report(.dropped(issuer: url))))
        #expect(try #require(published(late)).keys.issuers.isEmpty)
    }

    /// A new keyring serves what the one before it had, until the provider answers.
    @Test func keysAreInherited() throws {
        let key = issuer.makeKey("a")
        var first = machine()
        let document = try #require(
            fetch(&first, [key], at: 0).compactMap { if case .publish(_, let text) = $0 { text } else { nil } }.first)
        var second = machine([url, "https://other.example"])
        let actions = second.inherit(Array(document.utf8), now: at(0), wallClock: 9)
        #expect(published(actions)?.keys.issuers.map(\.issuer) == [url])
        #expect(second.isReady)
        #expect(second.fetchedAt == [2, 0])
        #expect(second.inherit(Array("{".utf8), now: at(0), wallClock: 9) == [])
    }

    /// Whoever waits for a fetch must not take inherited keys for its answer.
    @Test func fetchesAreCountedOn() throws {
        let key = issuer.makeKey("a")
        let document = Array(
            #"{"generation":9,"issuers":[{"issuer":"\#(url)","fetchedAt":2,"fetches":7,"keys":{"keys":[\#(key.jwk)]}}]}"#
                .utf8)
        var idle = machine()
        #expect(published(idle.inherit(document, now: at(0), wallClock: 9))?.keys.issuers[0].fetches == 7)
        #expect(published(fetch(&idle, [key, issuer.makeKey("b")], at: 0))?.keys.issuers[0].fetches == 8)
        // Also where the first fetch was faster than the supervisor's message.
        var hasty = machine()
        #expect(published(fetch(&hasty, [key], at: 0))?.keys.issuers[0].fetches == 1)
        #expect(hasty.inherit(document, now: at(3), wallClock: 9) == [])
        #expect(hasty.demand(issuer: 0, now: at(4)).count == 1)
        _ = finish(&hasty, .success(discovery()), at: 5)
        let next = finish(&hasty, .success(jwks([key])), at: 5)
        #expect(published(next)?.keys.issuers[0].fetches == 9)
    }

    private var nothing: [UInt8] { Array(#"{"generation":0,"issuers":[]}"#.utf8) }

    /// A provider that is away from the start keeps no worker from being ready.
    @Test func noKeysAreSaidOnceEveryIssuerWasTried() throws {
        let other = "https://other.example"
        for isToldEarly in [true, false] {
            var machine = machine([url, other])
            if isToldEarly { #expect(machine.inherit(nothing, now: at(0), wallClock: 9) == []) }
            _ = machine.tick(now: at(0))
            #expect(published(finish(&machine, .failure(.timedOut), at: 1)) == nil)
            #expect(!machine.isReady)
            var actions = finish(&machine, .failure(.timedOut), issuer: 1, at: 2)
            if !isToldEarly {
                // Perhaps there are keys, of which it only has not heard yet.
                #expect(published(actions) == nil && !machine.isReady)
                actions = machine.inherit(nothing, now: at(3), wallClock: 9)
            }
            let first = try #require(published(actions))
            #expect(first.generation == 1 && first.keys.issuers.isEmpty && machine.isReady)
            // Once.
            _ = machine.tick(now: at(10))
            #expect(published(finish(&machine, .failure(.timedOut), at: 11)) == nil)
            _ = machine.tick(now: at(20))
            _ = finish(&machine, .success(discovery()), at: 20)
            let late = try #require(published(finish(&machine, .success(jwks([issuer.makeKey("a")])), at: 20)))
            #expect(late.generation == 2 && late.keys.issuers.map(\.issuer) == [url])
        }
    }

    /// The workers there are have keys, and a configuration whose issuers cannot be had must not take their place.
    @Test func noKeysAreNotSaidWhereThereWereOthers() throws {
        var first = machine()
        let document = try #require(
            fetch(&first, [issuer.makeKey("a")], at: 0).compactMap {
                if case .publish(_, let text) = $0 { text } else { nil }
            }.first)
        var second = machine(["https://mistyped.example"])
        #expect(second.inherit(Array(document.utf8), now: at(0), wallClock: 9) == [])
        _ = second.tick(now: at(0))
        #expect(published(finish(&second, .failure(.timedOut), at: 1)) == nil)
        #expect(!second.isReady)
        // But where our own issuer's are too old, nothing is lost.
        var third = KeyringStateMachine(
            issuers: [.init(issuer: url, discoveryURL: ProviderMetadata.address(of: url))],
            settings: .init(keepFor: .seconds(5)), deadlines: .init(), now: at(0))
        #expect(third.inherit(Array(document.utf8), now: at(0), wallClock: 99) == [])
        _ = third.tick(now: at(0))
        #expect(published(finish(&third, .failure(.timedOut), at: 1)) != nil)
        #expect(third.isReady)
    }

    /// A provider that takes requests and never answers costs no child its start.
    @Test func aFetchEndsBeforeAChildMustBeReady() {
        for (start, deadline) in [(30, 10), (8, 4)] {
            var machine = KeyringStateMachine(
                issuers: [.init(issuer: url, discoveryURL: url)], settings: .init(),
                deadlines: .init(workerStart: .seconds(start)), now: at(0))
            #expect(machine.tick(now: at(0)) == [.get(issuer: 0, url: url, deadline: at(deadline))])
        }
    }

    /// A kid of the same look and other bytes is another kid.
    @Test func aKidOfAnotherSpellingIsAChange() {
        var machine = machine()
        let composed = issuer.makeKey("caf\u{E9}")
        let jwk = composed.jwk.replacing("caf\u{E9}", with: "cafe\u{301}")
        #expect(published(fetch(&machine, [composed], at: 0))?.generation == 1)
        _ = machine.tick(now: at(302))
        _ = finish(&machine, .success(discovery()), at: 303)
        let other = finish(&machine, .success(Array(#"{"keys":[\#(jwk)]}"#.utf8)), at: 304)
        #expect(published(other)?.generation == 2)
    }

    @Test func issuersAreIndependent() {
        let key = issuer.makeKey("a")
        let other = "https://other.example"
        var machine = machine([url, other])
        #expect(machine.tick(now: at(0)).count == 2)
        _ = finish(&machine, .failure(.timedOut), issuer: 1, at: 0)
        _ = finish(&machine, .success(discovery()), at: 0)
        let actions = finish(&machine, .success(jwks([key])), at: 0)
        #expect(published(actions)?.keys.issuers.map(\.issuer) == [url])
        #expect(machine.isReady)
        #expect(machine.fetchedAt == [0, 0])
        #expect(machine.nextTick == at(1))
    }
}
