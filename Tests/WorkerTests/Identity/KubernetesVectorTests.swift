// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

/// kube-apiserver's own cases. Left out, with the reason counted: what only AuthenticationConfiguration can say.
@Suite("kube-apiserver's OIDC cases", .enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.missing)))
struct KubernetesVectorTests {
    private enum Case {
        case flags(AuthenticationConfiguration.OIDC)
        /// What the flags cannot express.
        case leftOut(String)
    }

    @Test func outcomes() throws {
        var run = 0
        var leftOut: [String: Int] = [:]
        for vector in try Vectors.load("kubernetes-oidc.json").elements {
            switch translate(vector) {
            case .leftOut(let why): leftOut[why, default: 0] += 1
            case .flags(let oidc):
                run += 1
                check(vector, oidc)
            }
        }
        print("kubernetes-oidc.json: \(run) run; left out: \(leftOut.sorted { $0.key < $1.key })")
        #expect(run == 11)
        #expect(leftOut.values.reduce(0, +) == 24)
    }

    private func check(_ vector: JSONValue, _ oidc: AuthenticationConfiguration.OIDC) {
        let name = Comment(rawValue: vector["name"].text)
        let authenticator = Authenticator(configuration: AuthenticationConfiguration(oidc: oidc))
        let document =
            #"{"generation":1,"issuers":[{"issuer":"\#(oidc.issuerURL)","fetchedAt":0,"keys":"#
            + vector["jwks"].written + "}]}"
        guard let keys = try? KeySet(document: Array(document.utf8)) else {
            Issue.record("\(name): keys document")
            return
        }
        authenticator.install(keys)
        // Every case's `now` is 2026-11-23T00:00:00Z.
        #expect(vector["now"].text == "2026-11-23T00:00:00Z", name)
        switch authenticator.authenticate(Array(vector["token"].text.utf8).span, now: 1_795_392_000) {
        case .accepted(let identity):
            let user = vector["user"]
            #expect(identity.user.username == user["name"].text, name)
            #expect(identity.user.groups.dropLast() == user["groups"].elements.map(\.text)[...], name)
            #expect(identity.user.groups.last == "system:authenticated", name)
            #expect(vector["wantErr"].text.isEmpty && vector["wantSkip"] == .bool(false), name)
        case .refused(let refusal):
            let isExpected = !vector["wantErr"].text.isEmpty || vector["wantSkip"] == .bool(true)
            #expect(isExpected, "\(name): \(refusal)")
            #expect(refusal.isNotOurs == (vector["wantSkip"] == .bool(true)), name)
        case .needsKeys:
            Issue.record("\(name): no key")
        }
    }

    private func translate(_ vector: JSONValue) -> Case {
        let jwt = vector["jwt"]
        let mappings = jwt["claimMappings"]
        guard vector["wantInitErr"].text.isEmpty else { return .leftOut("the configuration file's own validation") }
        if jwt["userValidationRules"] != .null { return .leftOut("userValidationRules") }
        for name in ["username", "groups", "uid"] where mappings[name]["expression"] != .null {
            return .leftOut("a mapping by expression")
        }
        if mappings["extra"] != .null { return .leftOut("extra mappings") }
        let audiences = jwt["issuer"]["audiences"].elements
        guard audiences.count == 1 else { return .leftOut("several audiences") }
        var required: [String: String] = [:]
        for rule in jwt["claimValidationRules"].elements {
            if rule["expression"] != .null { return .leftOut("a claim validation rule by expression") }
            required[rule["claim"].text] = rule["requiredValue"].text
        }
        let prefix = mappings["username"]["prefix"].text
        return .flags(
            AuthenticationConfiguration.OIDC(
                issuerURL: jwt["issuer"]["url"].text, clientID: audiences[0].text,
                usernameClaim: mappings["username"]["claim"].text, usernamePrefix: prefix.isEmpty ? "-" : prefix,
                groupsClaim: mappings["groups"]["claim"].string, groupsPrefix: mappings["groups"]["prefix"].text,
                requiredClaims: required,
                signingAlgorithms: vector["algs"].array?.map(\.text) ?? SignatureAlgorithm.allCases.map(\.rawValue)))
    }
}
