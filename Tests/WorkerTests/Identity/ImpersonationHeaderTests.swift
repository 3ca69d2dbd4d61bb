// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("ImpersonationHeader")
struct ImpersonationHeaderTests {
    private func render(_ user: UserInfo, _ limits: IdentityLimits = IdentityLimits()) throws(Refusal) -> String {
        String(decoding: try ImpersonationHeader.render(user, limits: limits), as: UTF8.self)
    }

    @Test func order() throws {
        let user = UserInfo(
            username: "jane", uid: "7", groups: ["b", "a"], extra: ["z": ["1", "2"], "A/ü%": ["x y"]])
        #expect(
            try render(user) == """
                Impersonate-User: jane\r
                Impersonate-Uid: 7\r
                Impersonate-Group: b\r
                Impersonate-Group: a\r
                Impersonate-Extra-A%2F%C3%BC%25: x y\r
                Impersonate-Extra-z: 1\r
                Impersonate-Extra-z: 2\r

                """)
    }

    /// What a receiver would trim, split or not take; an empty or blank user would be the gateway itself.
    @Test(arguments: ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "a\tb", "\u{7F}", " ", " a", "a ", "\ta"])
    func refusedAnywhere(_ value: String) {
        for user in [
            UserInfo(username: value), UserInfo(username: "j", uid: value), UserInfo(username: "j", groups: [value]),
            UserInfo(username: "j", extra: ["k": [value]]),
        ] {
            #expect(#expect(throws: Refusal.self) { try render(user) }?.reason == .notCarriable)
        }
    }

    /// Who really asks takes nothing of what the user itself may have.
    @Test func whoReallyAsksIsNotAmongTheExtras() throws {
        var limits = IdentityLimits()
        limits.extras = 2
        let asked = try ImpersonationRequest([
            (name: "Impersonate-User", value: "bob"), (name: "Impersonate-Extra-a", value: "1"),
            (name: "Impersonate-Extra-a", value: "2"),
        ])
        let original = UserInfo(username: "jane", uid: "7", groups: (0..<200).map { "g\($0)" })
        let text = try render(asked.impersonated(by: original), limits)
        let groups = text.split(separator: "\r\n").filter {
            $0.hasPrefix("Impersonate-Extra-lychgate-original-groups: g")
        }
        #expect(groups.count == 200)
        limits.extras = 1
        let refusal = #expect(throws: Refusal.self) { try render(asked.impersonated(by: original), limits) }
        #expect(refusal?.reason == .tooManyExtras)
    }

    @Test func anEmptyUserIsRefused() {
        #expect(#expect(throws: Refusal.self) { try render(UserInfo(username: "")) }?.reason == .usernameMissing)
    }

    @Test(arguments: ["jané", "a b", "https://i#x", "名前"])
    func carried(_ name: String) throws {
        #expect(try render(UserInfo(username: name)) == "Impersonate-User: \(name)\r\n")
    }

    @Test func budgets() {
        var limits = IdentityLimits()
        limits.groups = 2
        limits.impersonationBytes = 60
        let many = UserInfo(username: "j", groups: ["1", "2", "3"])
        #expect(#expect(throws: Refusal.self) { try render(many, limits) }?.reason == .tooManyGroups)
        let long = UserInfo(username: "j", groups: [String(repeating: "g", count: 40)])
        #expect(#expect(throws: Refusal.self) { try render(long, limits) }?.reason == .identityTooLarge)
    }
}
