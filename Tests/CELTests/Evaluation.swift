// SPDX-License-Identifier: Apache-2.0

@testable import CEL

/// What tests evaluate in: Kubernetes' libraries and the two variables of authentication, both at once.
enum Evaluation {
    static let claims: CELMap = [
        "sub": .string("jane"), "email": .string("jane@example.com"), "email_verified": .bool(true),
        "groups": .list([.string("dev"), .string("ops")]), "exp": .double(1_700_000_000), "level": .int(3),
        "org": .map(["name": .string("example"), "units": .list([])]), "nothing": .null,
    ]

    static let user = CELObject(
        typeName: "kubernetes.UserInfo",
        fields: ["username": .string("oidc:jane"), "groups": .list([.string("dev")]), "extra": .map([:])])

    static let environment = CELEnvironment(
        variables: ["claims": .map(.string, .dyn), "user": .object("kubernetes.UserInfo")],
        objects: [
            "kubernetes.UserInfo": [
                "username": .string, "uid": .string, "groups": .list(.string), "extra": .map(.string, .list(.string)),
            ]
        ])

    static func value(
        _ text: String, costLimit: UInt64 = CELProgram.perCallLimit, extra: [String: CELValue] = [:]
    ) throws(CELError) -> CELValue {
        var bindings: [String: CELValue] = ["claims": .map(claims), "user": .object(user)]
        for (name, value) in extra { bindings[name] = value }
        return try environment.compile(text).evaluate(bindings, costLimit: costLimit)
    }

    static func issues(_ text: String, in environment: CELEnvironment = environment) -> [String] {
        do throws(CELError) {
            _ = try environment.compile(text)
            return []
        } catch {
            guard case .refused(let issues) = error else { return ["\(error)"] }
            return issues.map(\.description)
        }
    }
}
