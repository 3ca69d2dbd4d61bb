// SPDX-License-Identifier: Apache-2.0

internal import CEL

/// Makes a user of a verified token's claims, as kube-apiserver does: username, groups, uid, extra, required claims, then
/// the rules for claims and for the user (k8s.io/apiserver/plugin/pkg/authenticator/token/oidc, AuthenticateToken).
struct ClaimMapper {
    enum Source {
        case nothing
        case claim(String, prefix: String)
        case expression(ClaimExpression)
    }

    struct Extra {
        let key: String
        let expression: ClaimExpression
    }

    enum ClaimRule {
        case value(claim: String, String)
        case expression(ClaimExpression, message: String)

        var expression: ClaimExpression? {
            if case .expression(let expression, _) = self { expression } else { nil }
        }
    }

    struct UserRule {
        let expression: ClaimExpression
        let message: String
    }

    let username: Source
    let groups: Source
    let uid: Source
    let extra: [Extra]
    var claimRules: [ClaimRule] = []
    var userRules: [UserRule] = []

    func user(_ claims: JSONObject, trace: JudgementTrace?) throws(Refusal) -> UserInfo {
        let input = ClaimInput(claims)
        trace?.begin("username")
        var user = UserInfo(username: try username(input))
        trace?.begin("groups")
        user.groups = try groups(input)
        trace?.begin("uid")
        user.uid = try uid(input)
        trace?.begin("extra")
        try addExtra(input, to: &user)
        for (index, rule) in claimRules.enumerated() {
            trace?.begin("claimValidationRules[\(index)]")
            try check(rule, input)
        }
        for (index, rule) in userRules.enumerated() {
            trace?.begin("userValidationRules[\(index)]")
            let value = try rule.expression.evaluate(.user, ClaimValue.user(user), for: "user validation")
            try demand(value, rule.expression, rule.message, .userRule)
        }
        return user
    }

    private func username(_ input: ClaimInput) throws(Refusal) -> String {
        switch username {
        case .nothing: throw Refusal(.usernameMissing, "no mapping for the username")
        case .claim(let claim, let prefix):
            guard let name = try input.claims.optionalString(claim) else {
                throw Refusal(.usernameMissing, "claim \(claim) is missing")
            }
            if claim == "email", let verified = input.claims["email_verified"] {
                guard case .bool(let isVerified) = verified else {
                    throw Refusal(.badClaims, "email_verified is not a boolean")
                }
                guard isVerified else { throw Refusal(.emailNotVerified, "email_verified is false") }
            }
            return prefix + name
        case .expression(let expression):
            let value = try expression.evaluate(.claims, input.value, for: "username")
            guard let name = ClaimValue.string(value) else {
                throw Refusal(.expressionFailed, "the username expression must return a string")
            }
            guard !name.isEmpty else { throw Refusal(.usernameMissing, "the username expression returns \"\"") }
            return name
        }
    }

    private func groups(_ input: ClaimInput) throws(Refusal) -> [String] {
        switch groups {
        case .nothing: return []
        case .claim(let claim, let prefix):
            guard let value = input.claims[claim] else {
                try DistributedClaim.refuse(claim, in: input.claims)
                return []
            }
            return try value.stringOrArray(Refusal(.badGroups, "claim \(claim) is neither a string nor strings"))
                .map { prefix + $0 }
        case .expression(let expression):
            let value = try expression.evaluate(.claims, input.value, for: "groups")
            guard let groups = ClaimValue.strings(value) else {
                throw Refusal(.badGroups, "the groups expression must return a string or a list of strings")
            }
            return groups
        }
    }

    private func uid(_ input: ClaimInput) throws(Refusal) -> String? {
        switch uid {
        case .nothing: return nil
        case .claim(let claim, _):
            guard let uid = try input.claims.optionalString(claim) else {
                throw Refusal(.badClaims, "claim \(claim) of the uid is missing")
            }
            return uid
        case .expression(let expression):
            let value = try expression.evaluate(.claims, input.value, for: "uid")
            guard let uid = ClaimValue.string(value) else {
                throw Refusal(.expressionFailed, "the uid expression must return a string")
            }
            return uid
        }
    }

    private func addExtra(_ input: ClaimInput, to user: inout UserInfo) throws(Refusal) {
        for mapping in extra {
            let value = try mapping.expression.evaluate(.claims, input.value, for: "extra \(mapping.key)")
            guard let values = ClaimValue.strings(value) else {
                throw Refusal(
                    .expressionFailed,
                    "the expression of extra \(mapping.key) must return a string or a list of strings")
            }
            if !values.isEmpty { user.extra[mapping.key] = values }
        }
        if let identifier = input.claims["jti"]?.string, !identifier.isEmpty {
            user.extra[UserInfo.credentialIDKey] = ["JTI=" + identifier]
        }
    }

    private func check(_ rule: ClaimRule, _ input: ClaimInput) throws(Refusal) {
        switch rule {
        case .value(let claim, let wanted):
            guard input.claims[claim] != nil else {
                throw Refusal(.requiredClaim, "required claim \(claim) is missing")
            }
            guard let value = try? input.claims.optionalString(claim), value.isExactly(wanted) else {
                throw Refusal(.requiredClaim, "required claim \(claim) has another value")
            }
        case .expression(let expression, let message):
            let value = try expression.evaluate(.claims, input.value, for: "claim validation")
            try demand(value, expression, message, .claimRule)
        }
    }

    private func demand(
        _ value: CELValue, _ expression: ClaimExpression, _ message: String, _ reason: Refusal.Reason
    ) throws(Refusal) {
        guard case .bool(let holds) = value else {
            throw Refusal(.expressionFailed, "the validation expression '\(expression.text)' must return a boolean")
        }
        guard holds else {
            throw Refusal(reason, "validation expression '\(expression.text)' failed: \(message)")
        }
    }
}
