// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Authenticator")
struct AuthenticatorTests {
    private let issuer = TestIssuer()

    @Test func acceptsAndRenders() throws {
        let key = issuer.makeKey("a")
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        authenticator.install(TestIssuer.document([key]))
        let token = issuer.sign(
            TestIssuer.claims(more: #","groups":["dev","ops"],"jti":"7"}"#.dropLast().description), key)
        let identity = try #require(authenticator.authenticate(token.span, now: 1_000).identity)
        #expect(identity.user.username == "jane")
        #expect(
            String(decoding: identity.impersonationHeader, as: UTF8.self) == """
                Impersonate-User: jane\r
                Impersonate-Group: dev\r
                Impersonate-Group: ops\r
                Impersonate-Group: system:authenticated\r
                Impersonate-Extra-authentication.kubernetes.io%2Fcredential-id: JTI=7\r

                """)
        #expect(identity.expiresAt == 2_000)
        #expect(identity.believedUntil == 1_300)
    }

    @Test func cachesUntilExpiryAtMost() {
        let key = issuer.makeKey("a")
        let authenticator = Authenticator(configuration: TestIssuer.configuration(acceptedFor: .seconds(5_000)))
        authenticator.install(TestIssuer.document([key]))
        let token = issuer.sign(TestIssuer.claims(), key)
        let first = authenticator.authenticate(token.span, now: 1_000).identity
        #expect(first != nil)
        #expect(authenticator.authenticate(token.span, now: 2_000).identity === first)
        #expect(authenticator.authenticate(token.span, now: 2_000.5).reason == .expired)
        #expect(authenticator.cached == (0, 1))
    }

    @Test func believesNoLongerThanConfigured() {
        let key = issuer.makeKey("a")
        let authenticator = Authenticator(configuration: TestIssuer.configuration(acceptedFor: .seconds(10)))
        authenticator.install(TestIssuer.document([key]))
        let token = issuer.sign(TestIssuer.claims(), key)
        let first = authenticator.authenticate(token.span, now: 1_000).identity
        #expect(authenticator.authenticate(token.span, now: 1_010).identity === first)
        let second = authenticator.authenticate(token.span, now: 1_011).identity
        #expect(second != nil && second !== first)
    }

    @Test func asksForKeysOnceUnknown() {
        let old = issuer.makeKey("old")
        let new = issuer.makeKey("new")
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        let token = issuer.sign(TestIssuer.claims(), new)
        #expect(authenticator.authenticate(token.span, now: 1).needsKeys)
        authenticator.install(TestIssuer.document([old]))
        #expect(authenticator.knowsKeys)
        #expect(authenticator.authenticate(token.span, now: 1).needsKeys)
        authenticator.install(TestIssuer.document(generation: 2, [old, new]))
        #expect(authenticator.authenticate(token.span, now: 1).identity != nil)
    }

    /// A worker is ready when it has been told, be it that there are none.
    @Test func noKeysAreKnownToo() {
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        #expect(!authenticator.knowsKeys)
        let before = authenticator.keysMark(issuer: 0)
        authenticator.install(KeySet(generation: 1, issuers: []))
        #expect(authenticator.knowsKeys)
        // Whoever waits for the issuer's goes on waiting.
        #expect(authenticator.keysMark(issuer: 0) == before)
        authenticator.install(TestIssuer.document(generation: 2, [issuer.makeKey("a")]))
        #expect(authenticator.keysMark(issuer: 0) != before)
    }

    @Test func aTokenOfAnotherIssuerAsksForNothing() {
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        let token = issuer.sign(TestIssuer.claims(issuer: "https://other.example"), issuer.makeKey("a"))
        #expect(authenticator.authenticate(token.span, now: 1).reason == .unknownIssuer)
    }

    @Test func aKeyThatLeavesTakesItsTokensAlong() {
        let first = issuer.makeKey("a")
        let second = issuer.makeKey("b")
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        authenticator.install(TestIssuer.document([first, second]))
        let byFirst = issuer.sign(TestIssuer.claims(), first)
        let bySecond = issuer.sign(TestIssuer.claims(), second)
        let kept = authenticator.authenticate(bySecond.span, now: 1).identity
        #expect(authenticator.authenticate(byFirst.span, now: 1).identity != nil)
        authenticator.install(TestIssuer.document(generation: 2, [second]))
        #expect(authenticator.authenticate(byFirst.span, now: 1).needsKeys)
        #expect(authenticator.authenticate(bySecond.span, now: 1).identity === kept)
    }

    /// The same kid with another key: the cached identity was another key's.
    @Test func aKidThatChangesItsKeyIsAnotherKey() {
        let first = issuer.makeKey("a")
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        authenticator.install(TestIssuer.document([first]))
        let token = issuer.sign(TestIssuer.claims(), first)
        #expect(authenticator.authenticate(token.span, now: 1).identity != nil)
        authenticator.install(TestIssuer.document(generation: 2, [issuer.makeKey("a")]))
        #expect(authenticator.authenticate(token.span, now: 1).reason == .badSignature)
    }

    @Test func refusalsAreForgottenWithNewKeys() {
        let key = issuer.makeKey("a")
        let other = issuer.makeKey("a")
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        authenticator.install(TestIssuer.document([other]))
        let token = issuer.sign(TestIssuer.claims(), key)
        #expect(authenticator.authenticate(token.span, now: 1).reason == .badSignature)
        authenticator.install(TestIssuer.document(generation: 2, [key]))
        #expect(authenticator.authenticate(token.span, now: 1).identity != nil)
    }

    /// A token that only comes too early is good as soon as its time has come, cache or not.
    @Test func notYetValidIsNotCached() {
        let key = issuer.makeKey("a")
        let authenticator = Authenticator(configuration: TestIssuer.configuration())
        authenticator.install(TestIssuer.document([key]))
        let token = issuer.sign(TestIssuer.claims(more: #","nbf":1000"#), key)
        #expect(authenticator.authenticate(token.span, now: 939).reason == .notYetValid)
        #expect(authenticator.authenticate(token.span, now: 940).identity != nil)
    }

    @Test func badTokensDoNotPushOutGoodOnes() {
        let key = issuer.makeKey("a")
        let authenticator = Authenticator(configuration: TestIssuer.configuration(maxEntries: 8))
        authenticator.install(TestIssuer.document([key]))
        let good = issuer.sign(TestIssuer.claims(), key)
        let identity = authenticator.authenticate(good.span, now: 1).identity
        for index in 0..<100 {
            _ = authenticator.authenticate(Array("a.b.\(index)".utf8).span, now: 1)
        }
        #expect(authenticator.cached == (1, 2))
        #expect(authenticator.authenticate(good.span, now: 1).identity === identity)
    }
}
