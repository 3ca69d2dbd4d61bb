// SPDX-License-Identifier: Apache-2.0

internal import CEL

/// What expressions see of claims and users, and what is made of what they yield
/// (k8s.io/apiserver/plugin/pkg/authenticator/token/oidc, oidc.go).
enum ClaimValue {
    static let userType = "kubernetes.UserInfo"

    /// The variable `claims`. Numbers are doubles, as Go decodes them; names may be written escaped, at every depth.
    static func claims(_ claims: JSONObject) -> CELValue {
        .map(map(claims, lookup: .unescapedOnly))
    }

    /// The variable `user`: every field is there, empty if need be.
    static func user(_ user: UserInfo) -> CELValue {
        var extra = CELMap(lookup: .unescaped)
        for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) {
            extra.insert(.list(values.map { .string($0) }), for: .string(key))
        }
        return .object(
            CELObject(
                typeName: userType,
                fields: [
                    "username": .string(user.username), "uid": .string(user.uid ?? ""),
                    "groups": .list(user.groups.map { .string($0) }), "extra": .map(extra),
                ]))
    }

    private static func value(_ value: JSONValue) -> CELValue {
        switch value {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .double(Double(value))
        case .real(let value): .double(value)
        case .string(let value): .string(value)
        case .array(let values): .list(values.map(Self.value))
        case .object(let object): .map(map(object, lookup: .unescaped))
        }
    }

    /// In the order of their names, so that a macro over them sees the same order in every process.
    private static func map(_ object: JSONObject, lookup: CELMap.Lookup) -> CELMap {
        var map = CELMap(lookup: lookup)
        for (name, member) in object.members.sorted(by: {
            $0.key.string.utf8.lexicographicallyPrecedes($1.key.string.utf8)
        }) {
            map.insert(value(member), for: .string(name.string))
        }
        return map
    }

    static func string(_ value: CELValue) -> String? {
        if case .string(let text) = value { text } else { nil }
    }

    /// A string or strings; empty ones and null count for nothing. nil: something else.
    static func strings(_ value: CELValue) -> [String]? {
        switch value {
        case .null: return []
        case .string(let text): return text.isEmpty ? [] : [text]
        case .list(let values):
            var strings: [String] = []
            for value in values {
                guard let text = string(value) else { return nil }
                if !text.isEmpty { strings.append(text) }
            }
            return strings
        default: return nil
        }
    }
}
