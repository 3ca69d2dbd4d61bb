// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

/// Groups that lie elsewhere, as kube-apiserver's `claimResolver` judges what it gets.
@Suite("Distributed claims")
struct DistributedClaimTests {
    private let issuer = TestIssuer()
    private static let home = "https://home.example"
    private static let other = "https://other.example"

    private func authenticator() -> Authenticator {
        let entries = [(Self.home, "home"), (Self.other, "other")].map { url, audience in
            #"{"issuer":{"url":"\#(url)","audiences":["\#(audience)"]},"claimMappings":"#
                + #"{"username":{"claim":"sub","prefix":""},"groups":{"claim":"groups","prefix":""}}}"#
        }
        let document =
            #"{"apiVersion":"apiserver.config.k8s.io/v1","kind":"AuthenticationConfiguration","jwt":[\#(entries.joined(separator: ","))]}"#
        return Authenticator(
            configuration: AuthenticationConfiguration(oidc: nil, file: .init(path: "f", document: document)))
    }

    private func keys(_ generation: Int, _ sets: [(url: String, key: TestIssuer.Key)]) throws -> KeySet {
        let entries = sets.map {
            #"{"issuer":"\#($0.url)","fetchedAt":5,"fetches":\#(generation),"keys":{"keys":[\#($0.key.jwk)]}}"#
        }
        let text = #"{"generation":\#(generation),"issuers":[\#(entries.joined(separator: ","))]}"#
        return try KeySet(document: Array(text.utf8))
    }

    private func token(_ key: TestIssuer.Key) -> [UInt8] {
        issuer.sign(
            TestIssuer.claims(
                issuer: Self.home, audience: "home",
                more: #","_claim_names":{"groups":"s"},"_claim_sources":{"s":{"endpoint":"https://g.example"}}"#), key)
    }

    private func claim(_ key: TestIssuer.Key, issuer url: String, audience: String) -> [UInt8] {
        issuer.sign(TestIssuer.claims(issuer: url, audience: audience, more: #","groups":["ops"]"#), key)
    }

    @Test("For the audiences of the issuer that named the source, whoever signs")
    func audiences() throws {
        let (home, other) = (issuer.makeKey("a"), issuer.makeKey("b"))
        for (url, key, audience, isGood) in [
            (Self.home, home, "home", true), (Self.other, other, "home", true), (Self.other, other, "other", false),
            (Self.other, home, "home", false), ("https://third.example", other, "home", false),
        ] {
            let authenticator = authenticator()
            authenticator.install(try keys(1, [(Self.home, home), (Self.other, other)]))
            let token = token(home)
            guard case .needsClaim = authenticator.authenticate(token.span, now: 1) else {
                Issue.record("no claim is asked for")
                return
            }
            let claimed = claim(key, issuer: url, audience: audience)
            let outcome = authenticator.authenticate(token.span, now: 1, claimed: claimed)
            #expect((outcome.identity?.user.groups == ["ops", "system:authenticated"]) == isGood, "\(url) \(audience)")
        }
    }

    @Test("By an unknown key: its issuer's keys are wanted, and nothing is remembered")
    func unknownKey() throws {
        let (home, old, new) = (issuer.makeKey("a"), issuer.makeKey("b"), issuer.makeKey("c"))
        let authenticator = authenticator()
        authenticator.install(try keys(1, [(Self.home, home), (Self.other, old)]))
        let token = token(home)
        let claimed = claim(new, issuer: Self.other, audience: "home")
        guard case .needsKeys(issuer: 1) = authenticator.authenticate(token.span, now: 1, claimed: claimed) else {
            Issue.record("the other issuer's keys are not wanted")
            return
        }
        #expect(authenticator.cached == (0, 0))
        authenticator.install(try keys(2, [(Self.home, home), (Self.other, new)]))
        #expect(authenticator.authenticate(token.span, now: 1, claimed: claimed).identity != nil)
    }
}
