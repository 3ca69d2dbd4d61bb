// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

/// kube-apiserver's own cases, all of them: the outcome, the user, and the kind of reason.
@Suite("kube-apiserver's OIDC cases", .enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.missing)))
struct KubernetesVectorTests {
    /// What the vectors' error texts say, and our name for it.
    private static let reasons: [(text: String, reason: Refusal.Reason)] = [
        ("email not verified", .emailNotVerified), ("expected audience", .wrongAudience),
        ("user info validation rule", .userRule), ("claim validation expression: validation", .claimRule),
        ("required claim", .requiredClaim), ("no such key", .expressionFailed),
        ("must return a string", .expressionFailed), ("empty username", .usernameMissing),
        ("parse groups claim", .badGroups), ("failed to verify signature", .badSignature),
        ("token is expired", .expired), ("email_verified", .badClaims), ("parse username claims", .usernameMissing),
    ]

    @Test func outcomes() throws {
        let vectors = try Vectors.load("kubernetes-oidc.json").elements
        for vector in vectors { check(vector) }
        print("kubernetes-oidc.json: \(vectors.count) run, none left out")
        #expect(vectors.count == 35)
    }

    private func check(_ vector: JSONValue) {
        let name = Comment(rawValue: vector["name"].text)
        let document =
            #"{"apiVersion":"apiserver.config.k8s.io/v1","kind":"AuthenticationConfiguration","jwt":["#
            + vector["jwt"].written + "]}"
        let policy = AuthenticationPolicy(
            AuthenticationConfiguration(oidc: nil, file: .init(path: "f", document: document)))
        let wanted = vector["wantInitErr"].text
        guard wanted.isEmpty else {
            #expect(policy.problems.map { "\($0)" } == ["jwt[0]." + wanted], name)
            return
        }
        #expect(policy.problems.isEmpty, "\(name): \(policy.problems)")
        guard let issuer = policy.issuers.first else { return }
        let keys =
            #"{"generation":1,"issuers":[{"issuer":\#(JSONValue.quoted(issuer.url)),"fetchedAt":0,"keys":"#
            + vector["jwks"].written + "}]}"
        guard let keys = try? KeySet(document: Array(keys.utf8)) else {
            Issue.record("\(name): keys document")
            return
        }
        // Every case's `now` is 2026-11-23T00:00:00Z.
        #expect(vector["now"].text == "2026-11-23T00:00:00Z", name)
        compare(
            TokenJudge(policy: policy, limits: IdentityLimits())
                .judge(Array(vector["token"].text.utf8).span, keys: keys, now: 1_795_392_000), vector, name)
    }

    private func compare(_ verdict: TokenJudge.Verdict, _ vector: JSONValue, _ name: Comment) {
        let wanted = vector["wantErr"].text
        switch verdict {
        case .user(let verified):
            let user = vector["user"]
            #expect(verified.user.username == user["name"].text, name)
            #expect(verified.user.groups == user["groups"].elements.map(\.text), name)
            #expect(verified.user.uid ?? "" == user["uid"].text, name)
            let extra = (user["extra"].object ?? JSONObject()).members.map {
                ($0.key.string, $0.value.elements.map(\.text))
            }
            #expect(verified.user.extra == Dictionary(uniqueKeysWithValues: extra), name)
            #expect(wanted.isEmpty && vector["wantSkip"] == .bool(false), name)
        case .refused(let refusal):
            #expect(!wanted.isEmpty && vector["wantSkip"] == .bool(false), "\(name): \(refusal)")
            let reason = Self.reasons.first { wanted.contains($0.text) }?.reason
            #expect(reason == refusal.reason, "\(name): \(wanted): \(refusal)")
        case .notOurs(let refusal):
            #expect(vector["wantSkip"] == .bool(true), "\(name): \(refusal)")
        case .needsKeys: Issue.record("\(name): no key")
        }
    }
}
