// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

/// kube-apiserver's rules for claims, as a table: what the flags say, the claims, what comes of them.
@Suite("Rules for claims")
struct ClaimRulesTests {
    typealias OIDC = AuthenticationConfiguration.OIDC

    private static func flags(_ change: (inout OIDC) -> Void = { _ in }) -> OIDC {
        var flags = OIDC(issuerURL: "https://i", clientID: "c", usernamePrefix: "-", groupsClaim: "groups")
        change(&flags)
        return flags
    }

    private func judge(_ flags: OIDC, _ claims: String, now: Double = 1_000) throws(Refusal) -> UserInfo {
        let object = try JSONObject(
            untrusted: Array(claims.utf8), maximumDepth: 16, otherwise: .badClaims, name: "claims")
        let policy = AuthenticationPolicy(AuthenticationConfiguration(oidc: flags))
        guard let issuer = policy.issuers.first, issuer.url == RegisteredClaims.untrustedIssuer(object) else {
            throw Refusal(.unknownIssuer, "")
        }
        _ = try RegisteredClaims.check(object, audiences: issuer.audiences, now: now, trace: nil)
        let mapped = try issuer.mapper.user(object, trace: nil)
        try policy.checkReserved(mapped)
        let user = mapped.authenticated
        _ = try ImpersonationHeader.render(user, limits: IdentityLimits())
        return user
    }

    private func claims(_ more: String) -> String { #"{"iss":"https://i","aud":"c","exp":2000\#(more)}"# }

    struct Name: Sendable {
        let claim: String
        let prefix: String?
        let expected: String
    }

    @Test(arguments: [
        Name(claim: "sub", prefix: nil, expected: "https://i#jane"),
        Name(claim: "sub", prefix: "", expected: "https://i#jane"),
        Name(claim: "sub", prefix: "-", expected: "jane"),
        Name(claim: "sub", prefix: "p:", expected: "p:jane"),
        Name(claim: "email", prefix: nil, expected: "j@x"),
        Name(claim: "email", prefix: "p:", expected: "p:j@x"),
    ])
    func usernames(_ name: Name) throws {
        let flags = Self.flags {
            $0.usernameClaim = name.claim
            $0.usernamePrefix = name.prefix
        }
        let user = try judge(flags, claims(#","sub":"jane","email":"j@x","email_verified":true"#))
        #expect(user.username == name.expected)
    }

    @Test(arguments: [
        (#","groups":["a","b"]"#, ["g:a", "g:b"]),
        (#","groups":"a""#, ["g:a"]),
        (#","groups":[]"#, []),
        (#","groups":null"#, []),
        (#","groups":["a",null]"#, ["g:a", "g:"]),
        ("", []),
        // An aggregated claim has no endpoint and is ignored.
        (#","_claim_names":{"groups":"s"},"_claim_sources":{"s":{"JWT":"x"}}"#, []),
        // A plain claim beside a distributed one wins.
        (#","groups":["a"],"_claim_names":{"groups":"s"},"_claim_sources":{"s":{"endpoint":"https://e"}}"#, ["g:a"]),
    ])
    func groups(_ more: String, _ expected: [String]) throws {
        let user = try judge(Self.flags { $0.groupsPrefix = "g:" }, claims(#","sub":"jane""# + more))
        #expect(user.groups == expected + ["system:authenticated"])
    }

    @Test(arguments: [
        (#"{"aud":"c","exp":2000,"sub":"j"}"#, Refusal.Reason.unknownIssuer),
        (#"{"iss":"https://I","aud":"c","exp":2000,"sub":"j"}"#, .unknownIssuer),
        (#"{"iss":"https://i/","aud":"c","exp":2000,"sub":"j"}"#, .unknownIssuer),
        (#"{"iss":1,"aud":"c","exp":2000,"sub":"j"}"#, .unknownIssuer),
        (#"{"iss":"https://i","exp":2000,"sub":"j"}"#, .wrongAudience),
        (#"{"iss":"https://i","aud":[],"exp":2000,"sub":"j"}"#, .wrongAudience),
        (#"{"iss":"https://i","aud":["d","C"],"exp":2000,"sub":"j"}"#, .wrongAudience),
        (#"{"iss":"https://i","aud":["c",1],"exp":2000,"sub":"j"}"#, .badClaims),
        (#"{"iss":"https://i","aud":"c","sub":"j"}"#, .expired),
        (#"{"iss":"https://i","aud":"c","exp":999,"sub":"j"}"#, .expired),
        (#"{"iss":"https://i","aud":"c","exp":999.9,"sub":"j"}"#, .expired),
        (#"{"iss":"https://i","aud":"c","exp":null,"sub":"j"}"#, .badClaims),
        (#"{"iss":"https://i","aud":"c","exp":"soon","sub":"j"}"#, .badClaims),
        (#"{"iss":"https://i","aud":"c","exp":1e30,"sub":"j"}"#, .badClaims),
        (#"{"iss":"https://i","aud":"c","exp":2000,"iat":"x","sub":"j"}"#, .badClaims),
        (#"{"iss":"https://i","aud":"c","exp":2000,"nbf":1061,"sub":"j"}"#, .notYetValid),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":5}"#, .badClaims),
        (#"{"iss":"https://i","aud":"c","exp":2000}"#, .usernameMissing),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":""}"#, .usernameMissing),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":null}"#, .usernameMissing),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":"system:admin"}"#, .reservedName),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":"system:\u0301x"}"#, .reservedName),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":"j","groups":["system:masters"]}"#, .reservedName),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":"j","groups":[1]}"#, .badGroups),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":"j","groups":{"a":1}}"#, .badGroups),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":"j","_claim_names":{"x":"s"}}"#, .badClaims),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":"j","_claim_names":{"x":""}}"#, .badClaims),
        (
            #"{"iss":"https://i","aud":"c","exp":2000,"sub":"j","_claim_names":{"groups":"s"},"#
                + #""_claim_sources":{"s":{"endpoint":"https://e"}}}"#, .distributedClaims
        ),
        (#"{"iss":"https://i","aud":"c","exp":2000,"sub":"a","sub":"b"}"#, .badClaims),
    ])
    func refusals(_ claims: String, _ expected: Refusal.Reason) {
        let refusal = #expect(throws: Refusal.self) { try judge(Self.flags(), claims) }
        #expect(refusal?.reason == expected)
    }

    /// go-oidc takes times as strings too, and whole seconds of fractions; exp is good in its own second.
    @Test(arguments: [#""2000""#, "2000.5", "2e3", "1000", "1000.9"])
    func times(_ exp: String) throws {
        #expect(
            try judge(Self.flags(), #"{"iss":"https://i","aud":["x","c"],"exp":\#(exp),"nbf":1060,"sub":"j"}"#).username
                == "j")
    }

    @Test(arguments: [
        (#","email":"a@b""#, nil),
        (#","email":"a@b","email_verified":true"#, nil),
        (#","email":"a@b","email_verified":false"#, Refusal.Reason.emailNotVerified),
        (#","email":"a@b","email_verified":"true""#, .badClaims),
        (#","email_verified":true"#, .usernameMissing),
    ])
    func email(_ more: String, _ expected: Refusal.Reason?) {
        do {
            _ = try judge(Self.flags { $0.usernameClaim = "email" }, claims(more))
            #expect(expected == nil)
        } catch {
            #expect(error.reason == expected)
        }
    }

    @Test(arguments: [
        (#","hd":"x""#, nil),
        (#","hd":"X""#, Refusal.Reason.requiredClaim),
        (#","hd":["x"]"#, .requiredClaim),
        (#","hd":true"#, .requiredClaim),
        ("", .requiredClaim),
    ])
    func requiredClaims(_ more: String, _ expected: Refusal.Reason?) {
        do {
            _ = try judge(Self.flags { $0.requiredClaims = ["hd": "x"] }, claims(#","sub":"j""# + more))
            #expect(expected == nil)
        } catch {
            #expect(error.reason == expected)
        }
    }

    @Test func googlesOldIssuerName() throws {
        let flags = Self.flags { $0.issuerURL = "https://accounts.google.com" }
        let user = try judge(flags, #"{"iss":"accounts.google.com","aud":"c","exp":2000,"sub":"j"}"#)
        #expect(user.username == "j")
    }

    @Test func onlyAStringIsACredentialID() throws {
        let key = UserInfo.credentialIDKey
        #expect(try judge(Self.flags(), claims(#","sub":"j","jti":"1""#)).extra == [key: ["JTI=1"]])
        #expect(try judge(Self.flags(), claims(#","sub":"j","jti":1"#)).extra == [:])
        #expect(try judge(Self.flags(), claims(#","sub":"j","jti":"""#)).extra == [:])
    }
}
