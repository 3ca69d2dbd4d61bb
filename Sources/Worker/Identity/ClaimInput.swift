// SPDX-License-Identifier: Apache-2.0

internal import CEL

/// A token's claims, and what expressions see of them: made once, for all expressions of the token, if there are any.
final class ClaimInput {
    let claims: JSONObject
    private(set) lazy var value = ClaimValue.claims(claims)

    init(_ claims: JSONObject) {
        self.claims = claims
    }
}

/// Claims read with Go's rules for JSON, which decide what kube-apiserver takes for a string.
extension JSONObject {
    /// Go's `string`: null leaves it empty; nil: there is no such claim.
    func optionalString(_ name: String) throws(Refusal) -> String? {
        switch self[name] {
        case nil: return nil
        case .null: return ""
        case .string(let string): return string
        default: throw Refusal(.badClaims, "claim \(name) is not a string")
        }
    }
}

extension JSONValue {
    /// Go's `[]string` or `string`: null elements are empty strings, a null value is none at all.
    func stringOrArray(_ refusal: Refusal) throws(Refusal) -> [String] {
        switch self {
        case .null: return []
        case .string(let string): return [string]
        case .array(let values):
            var strings: [String] = []
            for value in values {
                switch value {
                case .string(let string): strings.append(string)
                case .null: strings.append("")
                default: throw refusal
                }
            }
            return strings
        default: throw refusal
        }
    }
}
