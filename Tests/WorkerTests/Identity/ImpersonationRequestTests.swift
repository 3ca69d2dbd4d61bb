// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Whom a request wants to act as")
struct ImpersonationRequestTests {
    private func request(_ fields: (String, String)...) throws -> ImpersonationRequest {
        try ImpersonationRequest(fields.map { (name: $0.0, value: $0.1) })
    }

    private func fault(_ fields: [(name: String, value: String)]) -> String? {
        do throws(ImpersonationRequest.Fault) {
            _ = try ImpersonationRequest(fields)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("Each name becomes the check that kube-apiserver makes")
    func checks() throws {
        let request = try request(
            ("Impersonate-User", "bob"), ("impersonate-group", "ops"), ("Impersonate-Group", "dev"),
            ("Impersonate-Uid", "u-1"), ("Impersonate-Extra-Example.com%2fScopes", "view"),
            ("Impersonate-Extra-acme", "x"))
        let group = ImpersonationCheck.authenticationGroup
        #expect(
            request.checks == [
                .init(field: "Impersonate-User", group: "", resource: "users", name: "bob"),
                .init(field: "Impersonate-Uid", group: group, resource: "uids", name: "u-1"),
                .init(field: "Impersonate-Group", group: "", resource: "groups", name: "ops"),
                .init(field: "Impersonate-Group", group: "", resource: "groups", name: "dev"),
                .init(
                    field: "Impersonate-Extra-example.com%2Fscopes", group: group, resource: "userextras",
                    subresource: "example.com/scopes", name: "view"),
                .init(
                    field: "Impersonate-Extra-acme", group: group, resource: "userextras", subresource: "acme",
                    name: "x"),
            ])
    }

    @Test("Each name is checked, also where another one looks the same")
    func lookAlikes() throws {
        let request = try request(
            ("Impersonate-User", "bob"), ("Impersonate-Group", "caf\u{E9}"), ("Impersonate-Group", "cafe\u{301}"),
            ("Impersonate-Group", "caf\u{E9}"))
        #expect(request.checks.count == 3)
        #expect(request.checks[1].name.utf8.count == 5 && request.checks[2].name.utf8.count == 6)
        let keys = ["caf\u{E9}", "cafe\u{301}"].map { ("Impersonate-Extra-" + ImpersonationHeader.escape($0), "x") }
        #expect(fault([(name: "Impersonate-User", value: "bob")] + keys.map { (name: $0.0, value: $0.1) }) != nil)
    }

    @Test("A service account is one only if its namespace and name are")
    func serviceAccounts() throws {
        let check = try request(("Impersonate-User", "system:serviceaccount:web:front.end")).checks[0]
        #expect(check.resource == "serviceaccounts" && check.namespace == "web" && check.name == "front.end")
        for name in [
            "system:serviceaccount:web", "system:serviceaccount:web:a:b", "system:serviceaccount::a",
            "system:serviceaccount:Web:a", "system:serviceaccount:web:A", "system:serviceaccount:web:-a",
            "system:serviceaccount:" + String(repeating: "n", count: 64) + ":a",
        ] {
            let check = try request(("Impersonate-User", name)).checks[0]
            #expect(check.resource == "users" && check.name == name)
        }
    }

    @Test(
        "Groups that are added",
        arguments: [
            ("bob", [String](), ["system:authenticated"]),
            ("bob", ["ops"], ["ops", "system:authenticated"]),
            ("bob", ["system:authenticated"], ["system:authenticated"]),
            ("bob", ["system:unauthenticated"], ["system:unauthenticated"]),
            ("system:anonymous", [], ["system:unauthenticated"]),
            (
                "system:serviceaccount:web:front", [],
                ["system:serviceaccounts", "system:serviceaccounts:web", "system:authenticated"]
            ),
            ("system:serviceaccount:web:front", ["ops"], ["ops", "system:authenticated"]),
        ])
    func groups(user: String, asked: [String], expected: [String]) throws {
        let fields = [(name: "Impersonate-User", value: user)] + asked.map { (name: "Impersonate-Group", value: $0) }
        let result = try ImpersonationRequest(fields).impersonated(by: UserInfo(username: "alice"))
        #expect(result.username == user)
        #expect(result.groups == expected)
    }

    @Test("Whoever really asks is in the extras")
    func original() throws {
        var alice = UserInfo(username: "alice", uid: "a-1")
        alice.groups = ["developers", "system:authenticated"]
        let result = try request(("Impersonate-User", "bob"), ("Impersonate-Extra-acme", "x")).impersonated(by: alice)
        #expect(
            result.extra == [
                "acme": ["x"], "lychgate-original-user": ["alice"], "lychgate-original-uid": ["a-1"],
                "lychgate-original-groups": ["developers", "system:authenticated"],
            ])
        #expect(result.uid == nil)
    }

    @Test(
        "What is refused",
        arguments: [
            [("Impersonate-Group", "ops")], [("Impersonate-Uid", "1")], [("Impersonate-Extra-a", "b")],
            [("Impersonate-User", "")], [("Impersonate-User", "bob"), ("Impersonate-User", "eve")],
            [("Impersonate-User", "bob"), ("impersonate-user", "bob")],
            [("Impersonate-User", "bob"), ("Impersonate-Uid", "1"), ("Impersonate-Uid", "2")],
            [("Impersonate-User", "bob"), ("Impersonate-Group", "")],
            [("Impersonate-User", "bob"), ("Impersonate-Extra-", "x")],
            [("Impersonate-User", "bob"), ("Impersonate-Extra-%", "x")],
            [("Impersonate-User", "bob"), ("Impersonate-Extra-%2", "x")],
            [("Impersonate-User", "bob"), ("Impersonate-Extra-%zz", "x")],
            [("Impersonate-User", "bob"), ("Impersonate-Extra-%ff", "x")],
            [("Impersonate-User", "bob"), ("Impersonate-Extra-%00", "x")],
            [("Impersonate-User", "bob"), ("Impersonate-Extra-%41", "x")],
            [("Impersonate-User", "bob"), ("Impersonate-Extra-Lychgate-Original-User", "eve")],
            [("Impersonate-User", "bob"), ("Impersonate-Extra-%6cychgate-original-user", "eve")],
            [("Impersonate-User", "bob"), ("Impersonate-Users", "eve")],
            [("Impersonate-User", "bob"), ("Impersonate-Role", "x")],
        ] as [[(String, String)]])
    func refused(fields: [(String, String)]) {
        #expect(fault(fields.map { (name: $0.0, value: $0.1) }) != nil)
    }

    @Test("The same name twice is checked once")
    func distinct() throws {
        let request = try request(
            ("Impersonate-User", "bob"), ("Impersonate-Group", "ops"), ("Impersonate-Group", "ops"))
        #expect(request.checks.count == 2)
    }

    @Test("The question to the API server")
    func review() throws {
        var alice = UserInfo(username: "al\"ice", uid: "1")
        alice.groups = ["g"]
        alice.extra = ["k": ["v"]]
        let check = try request(("Impersonate-User", "bob"), ("Impersonate-Extra-a%2fb", "x")).checks[1]
        let body = String(decoding: SubjectAccessReview.body(of: alice, check), as: UTF8.self)
        let document = try JSONValue.parse(Array(body.utf8))
        let spec = try #require(document.object?["spec"]?.object)
        let attributes = try #require(spec["resourceAttributes"]?.object)
        #expect(spec["user"] == .string("al\"ice") && spec["uid"] == .string("1"))
        #expect(spec["groups"] == .array([.string("g")]))
        #expect(spec["extra"]?.object?["k"] == .array([.string("v")]))
        #expect(attributes["verb"] == .string("impersonate") && attributes["version"] == .string("v1"))
        #expect(attributes["group"] == .string("authentication.k8s.io"))
        #expect(attributes["resource"] == .string("userextras") && attributes["subresource"] == .string("a/b"))
        #expect(attributes["name"] == .string("x") && attributes["namespace"] == nil)
    }

    @Test(
        "Its answer",
        arguments: [
            (
                201, #"{"status":{"allowed":true}}"#,
                Result<AccessVerdict, LookupFailure>.success(.init(isAllowed: true))
            ),
            (200, #"{"status":{"allowed":false}}"#, .success(.init(isAllowed: false))),
            (201, #"{"status":{"allowed":true,"denied":true}}"#, .success(.init(isAllowed: false))),
            (201, #"{"status":{}}"#, .success(.init(isAllowed: false))),
            (201, #"{"status":{"allowed":"true"}}"#, .success(.init(isAllowed: false))),
            (403, #"{"status":{"allowed":true}}"#, .failure(.status(403))),
            (201, #"{}"#, .failure(.malformed("no SubjectAccessReview with a status"))),
            (201, #"nonsense"#, .failure(.malformed("no SubjectAccessReview with a status"))),
        ])
    func answers(status: Int, body: String, expected: Result<AccessVerdict, LookupFailure>) {
        #expect(SubjectAccessReview.read(LookupReply(status: status, body: Array(body.utf8))) == expected)
    }
}
