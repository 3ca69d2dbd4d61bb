// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

/// kube-apiserver's validation of its configuration file: what is written, and every problem that must be told.
@Suite("AuthenticationConfiguration")
struct AuthenticationPolicyTests {
    private static func policy(_ document: String, repeated: [String] = []) -> AuthenticationPolicy {
        AuthenticationPolicy(
            AuthenticationConfiguration(
                oidc: nil, file: .init(path: "f", document: document, repeatedKeys: repeated)))
    }

    private static func document(
        version: String = "v1", jwt: [String], more: String = ""
    ) -> String {
        #"{"apiVersion":"apiserver.config.k8s.io/\#(version)","kind":"AuthenticationConfiguration","jwt":["#
            + jwt.joined(separator: ",") + "]\(more)}"
    }

    private static func entry(
        issuer: String = #""url":"https://i","audiences":["a"]"#,
        mappings: String = #""username":{"claim":"sub","prefix":""}"#, more: String = ""
    ) -> String {
        #"{"issuer":{\#(issuer)},"claimMappings":{\#(mappings)}\#(more)}"#
    }

    private static func problems(_ jwt: String...) -> [String] {
        policy(document(jwt: jwt)).problems.map { "\($0)" }
    }

    @Test(arguments: ["v1", "v1beta1"])
    func versions(_ version: String) {
        let policy = Self.policy(Self.document(version: version, jwt: [Self.entry()]))
        #expect(policy.problems.isEmpty)
        #expect(policy.issuers.map(\.url) == ["https://i"])
        #expect(policy.issuers.first?.discoveryURL == "https://i/.well-known/openid-configuration")
        #expect(policy.issuers.first?.algorithms.count == 9)
    }

    @Test(arguments: [
        ("{}", #"kind: Object 'Kind' is missing"#),
        (
            #"{"apiVersion":"apiserver.config.k8s.io/v2","kind":"AuthenticationConfiguration"}"#,
            #"apiVersion: no kind "AuthenticationConfiguration" is registered for version "apiserver.config.k8s.io/v2";"#
                + " write AuthenticationConfiguration of apiserver.config.k8s.io/v1 or apiserver.config.k8s.io/v1beta1"
        ),
        (document(jwt: [], more: #","Jwt":[]"#), #"Jwt: strict decoding error: unknown field "Jwt""#),
        (
            document(jwt: [
                #"{"issuer":{"urls":"x","url":"https://i","audiences":["a"]},"#
                    + #""claimMappings":{"username":{"claim":"sub","prefix":""}}}"#
            ]),
            #"jwt[0].issuer.urls: strict decoding error: unknown field "jwt[0].issuer.urls""#
        ),
        (
            document(jwt: [entry(issuer: #""url":"https://i","audiences":"a""#)]),
            "jwt[0].issuer.audiences: strict decoding error: a string where a list is wanted"
        ),
        (
            document(jwt: [], more: #","anonymous":{"enabled":false,"conditions":[{"path":"/livez"}]}"#),
            #"anonymous.conditions: Invalid value: "/livez": enabled should be set to true when conditions are defined"#
        ),
        ("[]", "the document is not a mapping"),
        (#"{"kind":"#, "the document is not acceptable: syntax"),
    ])
    func decoding(_ document: String, _ problem: String) {
        let policy = Self.policy(document)
        #expect(policy.problems.first.map { "\($0)" } == problem)
        #expect(policy.issuers.isEmpty)
    }

    @Test func repeatedKeys() {
        let policy = Self.policy(Self.document(jwt: [Self.entry()]), repeated: ["jwt[0].issuer.url"])
        #expect(
            policy.problems.map { "\($0)" }
                == [#"jwt[0].issuer.url: strict decoding error: key "url" already set in map"#])
    }

    @Test(arguments: [
        (#""audiences":["a"]"#, ["jwt[0].issuer.url: Required value"]),
        (
            #""url":"http://u:p@i?q#f","audiences":["a"]"#,
            ["scheme must be https", "a username or password", "a query", "a fragment"]
        ),
        (#""url":"https://i:x","audiences":["a"]"#, [#"invalid port ":x" after host"#]),
        (#""url":"https://i/%zz","audiences":["a"]"#, ["invalid URL escape"]),
        (#""url":"i","audiences":["a"]"#, ["URL scheme must be https"]),
        (#""url":"https://[::1]:8443/x","audiences":["a"]"#, []),
        (#""url":"https://i""#, ["jwt[0].issuer.audiences: Required value: at least one"]),
        (
            #""url":"https://i","audiences":["",""]"#,
            ["audiences[0]: Required", "audiences[1]: Required", "audiences[1]: Duplicate", "MatchAny for multiple"]
        ),
        (#""url":"https://i","audiences":["a","b"],"audienceMatchPolicy":"MatchAny""#, []),
        (#""url":"https://i","audiences":["a"],"audienceMatchPolicy":"All""#, ["must be empty or MatchAny"]),
        (
            #""url":"https://i","audiences":["a"],"discoveryURL":"https://i/""#,
            ["discoveryURL must be different from URL"]
        ),
        (
            #""url":"https://i","audiences":["a"],"discoveryURL":"http://d""#,
            ["jwt[0].issuer.discoveryURL: Invalid value"]
        ),
        (
            #""url":"https://i","audiences":["a"],"certificateAuthority":"x""#,
            [#"certificateAuthority: Invalid value: "<omitted>""#]
        ),
        (#""url":"https://i","audiences":["a"],"egressSelectorType":"x""#, ["must be either controlplane or cluster"]),
        (#""url":"https://i","audiences":["a"],"egressSelectorType":"cluster""#, []),
    ])
    func issuers(_ issuer: String, _ wanted: [String]) {
        let problems = Self.problems(Self.entry(issuer: issuer))
        #expect(problems.count == wanted.count, "\(problems)")
        for (problem, part) in zip(problems, wanted) { #expect(problem.contains(part), "\(problem)") }
    }

    @Test(arguments: [
        ("", ["jwt[0].claimMappings.username: Required value: claim or expression is required"]),
        (#""username":{"claim":"sub"}"#, ["username.prefix: Required value: prefix is required when claim is set"]),
        (#""username":{"claim":"a","expression":"claims.a"}"#, ["username: Invalid value: \"\": claim and expression"]),
        (#""username":{"expression":"claims.a","prefix":""}"#, ["username.prefix: Invalid value"]),
        (#""username":{"expression":"claims."}"#, ["compilation failed: 1:8: syntax error"]),
        (#""username":{"expression":"user.username"}"#, ["compilation failed: 1:1: undeclared"]),
        (#""username":{"claim":"a","prefix":""},"groups":{"claim":"g"}"#, ["groups.prefix: Required"]),
        (
            #""username":{"claim":"a","prefix":""},"uid":{"claim":"g","expression":"claims.a"}"#,
            ["claimMappings.uid: Invalid"]
        ),
        (#""username":{"expression":"claims.email"}"#, ["claims.email_verified must be used"]),
        (#""username":{"expression":"claims.?email.orValue('x')"}"#, ["claims.email_verified must be used"]),
        (#""username":{"expression":"claims['email']"}"#, []),
        (#""username":{"expression":"claims.email_verified ? claims.email : claims.sub"}"#, []),
        (
            #""username":{"expression":"claims.email"},"extra":[{"key":"e.x/v","valueExpression":"string(claims.?email_verified.orValue(true))"}]"#,
            []
        ),
        (
            #""username":{"claim":"a","prefix":""},"extra":[{"key":"foo","valueExpression":"'x'"}]"#,
            ["must be a domain-prefixed path"]
        ),
        (
            #""username":{"claim":"a","prefix":""},"extra":[{"key":"","valueExpression":"'x'"}]"#,
            ["extra[0].key: Required"]
        ),
        (
            #""username":{"claim":"a","prefix":""},"extra":[{"key":"A.b/c","valueExpression":"'x'"}]"#,
            ["RFC 1123", "must be lowercase"]
        ),
        (
            #""username":{"claim":"a","prefix":""},"extra":[{"key":"x.k8s.io/c","valueExpression":"'x'"}]"#,
            ["reserved for Kubernetes"]
        ),
        (
            #""username":{"claim":"a","prefix":""},"extra":[{"key":"x-k8s.io/c","valueExpression":""}]"#,
            ["valueExpression: Required"]
        ),
        (
            #""username":{"claim":"a","prefix":""},"extra":[{"key":"e.x/v","valueExpression":"'x'"},{"key":"e.x/v","valueExpression":"'y'"}]"#,
            [#"extra[1].key: Duplicate value: "e.x/v""#]
        ),
    ])
    func mappings(_ mappings: String, _ wanted: [String]) {
        let problems = Self.problems(Self.entry(mappings: mappings))
        #expect(problems.count == wanted.count, "\(problems)")
        for (problem, part) in zip(problems, wanted) { #expect(problem.contains(part), "\(problem)") }
    }

    @Test(arguments: [
        (#","claimValidationRules":[{}]"#, ["claimValidationRules[0]: Required value: claim or expression"]),
        (
            #","claimValidationRules":[{"claim":"a","expression":"true"}]"#,
            [#"claimValidationRules[0]: Invalid value: "a""#]
        ),
        (#","claimValidationRules":[{"claim":"a","message":"m"}]"#, ["may not be specified when claim is set"]),
        (#","claimValidationRules":[{"claim":"a"},{"claim":"a"}]"#, ["claimValidationRules[1].claim: Duplicate"]),
        (
            #","claimValidationRules":[{"expression":"true","requiredValue":"v"}]"#,
            ["may not be specified when expression"]
        ),
        (#","claimValidationRules":[{"expression":"true"},{"expression":"true"}]"#, ["[1].expression: Duplicate"]),
        (#","claimValidationRules":[{"expression":"claims.a"}]"#, ["must evaluate to bool"]),
        (#","claimValidationRules":[{"expression":"claims.a == 1"}]"#, []),
        (#","userValidationRules":[{}]"#, ["userValidationRules[0].expression: Required"]),
        (#","userValidationRules":[{"expression":"claims.a == 1"}]"#, ["userValidationRules[0].expression: Invalid"]),
        (#","userValidationRules":[{"expression":"user.name == ''"}]"#, ["compilation failed"]),
        (#","userValidationRules":[{"expression":"true"},{"expression":"true"}]"#, ["Duplicate"]),
    ])
    func rules(_ rules: String, _ wanted: [String]) {
        let problems = Self.problems(Self.entry(more: rules))
        #expect(problems.count == wanted.count, "\(problems)")
        for (problem, part) in zip(problems, wanted) { #expect(problem.contains(part), "\(problem)") }
    }

    @Test func betweenIssuers() {
        let entry = Self.entry(issuer: #""url":"https://i","audiences":["a"],"discoveryURL":"https://d""#)
        #expect(
            Self.problems(entry, entry) == [
                #"jwt[1].issuer.url: Duplicate value: "https://i""#,
                #"jwt[1].issuer.discoveryURL: Duplicate value: "https://d""#,
            ])
        let many = (0..<65).map { Self.entry(issuer: #""url":"https://i\#($0)","audiences":["a"]"#) }
        #expect(
            Self.policy(Self.document(jwt: many)).problems.map { "\($0)" }
                == ["jwt: Too many: 65: must have at most 64 items"])
        #expect(Self.policy(Self.document(jwt: Array(many.prefix(64)))).issuers.count == 64)
        #expect(Self.policy(Self.document(jwt: [])).problems.isEmpty)
    }

    /// The `--oidc-*` flags go through the same checks.
    @Test func flags() {
        let policy = AuthenticationPolicy(
            AuthenticationConfiguration(oidc: .init(issuerURL: "https://i", clientID: "c", groupsClaim: "g")))
        #expect(policy.problems.isEmpty)
        #expect(policy.issuers.first?.algorithms == [.rs256])
        #expect(policy.issuers.first?.audiences == ["c"])
    }
}
