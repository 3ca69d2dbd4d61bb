// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Whom a client's certificate stands for")
struct ClientCertificateTests {
    private func verdict(
        _ names: [String], _ organizations: [String] = [], _ uids: [String] = [],
        _ verdict: ClientAuthorities.Verdict = .good(until: 2_000)
    ) -> CertificateVerdict {
        ClientCertificate(
            subject: CertificateSubject(
                commonNames: names, organizations: organizations, uids: uids, fingerprint: "ab12"),
            verdict: verdict
        ).judge(limits: IdentityLimits())
    }

    @Test("CN is the user, O the groups, Kubernetes' attribute the uid")
    func user() throws {
        guard case .accepted(let identity) = verdict(["first", "alice"], ["dev", "ops", "dev"], ["u-1"]) else {
            Issue.record("refused")
            return
        }
        #expect(identity.user.username == "alice" && identity.user.uid == "u-1")
        #expect(identity.user.groups == ["dev", "ops", "system:authenticated"])
        #expect(identity.user.extra == ["authentication.kubernetes.io/credential-id": ["X509SHA256=ab12"]])
        #expect(identity.expiresAt == 2_000)
    }

    @Test("Kubernetes' own names are the authority's to give")
    func system() {
        guard case .accepted(let identity) = verdict(["system:node:n1"], ["system:nodes"]) else {
            Issue.record("refused")
            return
        }
        #expect(identity.user.groups == ["system:nodes", "system:authenticated"])
    }

    @Test(
        "What is refused",
        arguments: [
            (["alice"], [String](), ["1", "2"], ClientAuthorities.Verdict.good(until: 1)),
            (["alice"], [], [""], .good(until: 1)),
            (["alice\n"], [], [], .good(until: 1)),
            (["alice"], [], [], .bad("certificate has expired")),
        ])
    func refused(names: [String], groups: [String], uids: [String], by authorities: ClientAuthorities.Verdict) {
        guard case .refused = verdict(names, groups, uids, authorities) else {
            Issue.record("accepted")
            return
        }
    }

    @Test("Without a CN it is nobody's, and nobody may be somebody else's business", arguments: [[], [""]])
    func nobody(names: [String]) {
        guard case .nobody = verdict(names, ["dev"]) else {
            Issue.record("somebody's")
            return
        }
        guard case .refused = verdict(names, [], [], .bad("certificate has expired")) else {
            Issue.record("not refused")
            return
        }
    }

    @Test("Groups that only look the same are two")
    func canonicallyEquivalent() {
        guard case .accepted(let identity) = verdict(["alice"], ["caf\u{E9}", "cafe\u{301}", "caf\u{E9}"]) else {
            Issue.record("refused")
            return
        }
        #expect(identity.user.groups.map(\.utf8.count) == [5, 6, 20])
    }

    @Test("More groups than are passed on")
    func budget() {
        guard case .refused(let refusal) = verdict(["alice"], (0..<600).map { "g\($0)" }) else {
            Issue.record("accepted")
            return
        }
        #expect(refusal.reason == .tooManyGroups)
    }
}
