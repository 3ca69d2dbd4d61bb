// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("What others say of a token")
struct TokenAnswerTests {
    private func review(_ audiences: [String] = [], passesThrough: Bool = false) -> TokenReview {
        TokenReview(audiences: audiences, passesThrough: passesThrough, limits: IdentityLimits())
    }

    private func reply(_ body: String, _ status: Int = 201) -> LookupReply {
        LookupReply(status: status, body: Array(body.utf8))
    }

    private func identity(_ result: Result<TokenVerdict, LookupFailure>) -> Identity? {
        guard case .success(.accepted(let identity)) = result else { return nil }
        return identity
    }

    private func refusal(_ result: Result<TokenVerdict, LookupFailure>) -> Refusal.Reason? {
        guard case .success(.refused(let refusal)) = result else { return nil }
        return refusal.reason
    }

    @Test("A TokenReview's question holds the token and the audiences, escaped")
    func question() throws {
        let body = try #require(review(["a", "b\""]).body(Array("to\"ken".utf8)))
        let spec = try #require(try JSONValue.parse(body).object?["spec"]?.object)
        #expect(spec["token"] == .string("to\"ken"))
        #expect(spec["audiences"] == .array([.string("a"), .string("b\"")]))
        #expect(review().body([0xFF]) == nil)
    }

    @Test("A TokenReview's user, with what a service account has")
    func user() throws {
        let answer = reply(
            #"{"status":{"authenticated":true,"user":{"username":"system:serviceaccount:web:front","uid":"u","#
                + #""groups":["system:serviceaccounts","system:authenticated"],"extra":{"k/x":["v"]}}}}"#)
        let found = try #require(identity(review().read(answer, token: Array("opaque".utf8))))
        #expect(found.user.username == "system:serviceaccount:web:front" && found.user.uid == "u")
        #expect(found.user.groups == ["system:serviceaccounts", "system:authenticated"])
        #expect(found.user.extra == ["k/x": ["v"]])
        #expect(found.expiresAt == .infinity && !found.forwardsToken && !found.impersonationHeader.isEmpty)
        let passed = try #require(identity(review(passesThrough: true).read(answer, token: [])))
        #expect(passed.forwardsToken && passed.impersonationHeader.isEmpty)
    }

    @Test("A user that no field can carry, or of too much, is refused also where the token is passed through")
    func passedThroughUnchecked() {
        func user(_ json: String) -> LookupReply {
            reply(#"{"status":{"authenticated":true,"user":{\#(json)}}}"#)
        }
        let groups = (0...IdentityLimits().groups).map { "\"g\($0)\"" }.joined(separator: ",")
        for (json, reason) in [
            (#""username":"a\r\nX-Remote-User: root""#, Refusal.Reason.notCarriable),
            (#""username":"a","groups":["b\nX-Remote-Group: system:masters"]"#, .notCarriable),
            (#""username":"a","extra":{"k":["\r\n"]}"#, .notCarriable),
            (#""username":"a","groups":[\#(groups)]"#, .tooManyGroups),
        ] {
            for passesThrough in [false, true] {
                #expect(refusal(review(passesThrough: passesThrough).read(user(json), token: [])) == reason, "\(json)")
            }
        }
    }

    @Test("The expiry of a token that is a JWT")
    func expiry() {
        let claims = Base64URL.encode(Array(#"{"exp":1700000000}"#.utf8))
        #expect(TokenReview.expiry(ofVerified: Array("e30.\(claims).c2ln".utf8), depth: 8) == 1_700_000_000)
        for text in ["opaque", "a.b.c", "a.b", "e30.e30.c2ln"] {
            #expect(TokenReview.expiry(ofVerified: Array(text.utf8), depth: 8) == .infinity)
        }
    }

    @Test("What a TokenReview refuses, and what is no TokenReview")
    func refusals() {
        #expect(refusal(review().read(reply(#"{"status":{}}"#), token: [])) == .reviewRefused)
        #expect(refusal(review().read(reply(#"{"status":{"authenticated":"true"}}"#), token: [])) == .reviewRefused)
        let forOthers = #"{"status":{"authenticated":true,"audiences":["x"],"user":{"username":"u"}}}"#
        #expect(refusal(review(["a"]).read(reply(forOthers), token: [])) == .wrongAudience)
        let forNobody = #"{"status":{"authenticated":true,"user":{"username":"u"}}}"#
        #expect(refusal(review(["a"]).read(reply(forNobody), token: [])) == .wrongAudience)
        #expect(identity(review(["x"]).read(reply(forOthers), token: [])) != nil)
        for (body, status) in [("{}", 201), ("", 201), (forOthers, 401), (forOthers, 500)] {
            guard case .failure = review().read(reply(body, status), token: []) else {
                Issue.record("\(status) \(body) was taken for an answer")
                continue
            }
        }
        guard case .failure = review().read(reply(#"{"status":{"authenticated":true,"user":{}}}"#), token: []) else {
            Issue.record("a user without a name was taken for one")
            return
        }
    }

    @Test("A user of more groups, extras or bytes than are passed on")
    func budgets() {
        let groups = (0..<600).map { "\"g\($0)\"" }.joined(separator: ",")
        let many = #"{"status":{"authenticated":true,"user":{"username":"u","groups":[\#(groups)]}}}"#
        #expect(refusal(review().read(reply(many), token: [])) == .tooManyGroups)
        let extra = #"{"status":{"authenticated":true,"user":{"username":"u","extra":{"k":[\#(groups)]}}}}"#
        #expect(refusal(review().read(reply(extra), token: [])) == .tooManyExtras)
        let long = String(repeating: "x", count: 40_000)
        let name = #"{"status":{"authenticated":true,"user":{"username":"\#(long)"}}}"#
        #expect(refusal(review().read(reply(name), token: [])) == .identityTooLarge)
    }

    // MARK: Introspection

    private func introspect(
        _ members: String, _ change: (inout IntrospectionConfiguration) -> Void = { _ in }
    ) -> Result<TokenVerdict, LookupFailure> {
        var configuration = IntrospectionConfiguration(url: "https://issuer.example/introspect", clientID: "gateway")
        configuration.groupsClaim = "groups"
        change(&configuration)
        return IntrospectionAnswer(configuration, limits: IdentityLimits()).read(reply(members, 200), now: 1_000)
    }

    @Test("An active token's user")
    func active() throws {
        let found = try #require(
            identity(
                introspect(#"{"active":true,"sub":"s","username":"al","exp":2000,"groups":["g"],"scope":"x"}"#) {
                    $0.usernameClaim = "username"
                    $0.usernamePrefix = "o:"
                    $0.groupsPrefix = "p:"
                }))
        #expect(found.user == UserInfo(username: "o:al", groups: ["p:g", "system:authenticated"]))
        #expect(found.expiresAt == 2_000)
    }

    @Test(
        "What introspection refuses",
        arguments: [
            (#"{"active":false,"sub":"s"}"#, Refusal.Reason.inactive),
            (#"{"active":true}"#, .usernameMissing), (#"{"active":true,"sub":""}"#, .usernameMissing),
            (#"{"active":true,"sub":7}"#, .usernameMissing),
            (#"{"active":true,"sub":"s","exp":999}"#, .expired), (#"{"active":true,"sub":"s","exp":"9"}"#, .badClaims),
            (#"{"active":true,"sub":"s","nbf":2000}"#, .notYetValid),
            (#"{"active":true,"sub":"s","groups":[1]}"#, .badGroups),
            (#"{"active":true,"sub":"system:admin"}"#, .reservedName),
            (#"{"active":true,"sub":"s","groups":["system:masters"]}"#, .reservedName),
            (#"{"active":true,"sub":"a\nb"}"#, .notCarriable),
        ])
    func inactive(members: String, reason: Refusal.Reason) {
        #expect(refusal(introspect(members)) == reason)
    }

    @Test("Issuer and audience are looked at if they are configured")
    func issuerAndAudience() {
        let members = #"{"active":true,"sub":"s","iss":"https://i","aud":["a","b"]}"#
        #expect(identity(introspect(members)) != nil)
        #expect(identity(introspect(members) { $0.issuer = "https://i" }) != nil)
        #expect(refusal(introspect(members) { $0.issuer = "https://j" }) == .unknownIssuer)
        #expect(refusal(introspect(#"{"active":true,"sub":"s"}"#) { $0.issuer = "https://i" }) == .unknownIssuer)
        #expect(identity(introspect(members) { $0.audiences = ["x", "b"] }) != nil)
        #expect(refusal(introspect(members) { $0.audiences = ["x"] }) == .wrongAudience)
        #expect(refusal(introspect(#"{"active":true,"sub":"s"}"#) { $0.audiences = ["x"] }) == .wrongAudience)
    }

    @Test("What is no introspection response", arguments: ["", "{}", "[]", #"{"active":"true"}"#, #"{"active":1}"#])
    func malformed(body: String) {
        guard case .failure = introspect(body) else {
            Issue.record("\(body) was taken for an answer")
            return
        }
    }

    @Test("Form and Base64 encoding")
    func encodings() {
        #expect(FormEncoding.encode(Array("a b+c&d=é~".utf8)) == "a+b%2Bc%26d%3D%C3%A9%7E")
        #expect(FormEncoding.base64(Array("gateway:s".utf8)) == "Z2F0ZXdheTpz")
        #expect(FormEncoding.base64(Array("gateway:se".utf8)) == "Z2F0ZXdheTpzZQ==")
        #expect(FormEncoding.base64([0xFB, 0xFF]) == "+/8=")
    }
}
