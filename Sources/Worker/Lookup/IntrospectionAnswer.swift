// SPDX-License-Identifier: Apache-2.0

import Shared

/// What an introspection endpoint's answer means (RFC 7662 section 2.2): the token is active, not expired, by the right
/// issuer, for the right audience, and its user is mapped as an ID token's is.
struct IntrospectionAnswer {
    private let configuration: IntrospectionConfiguration
    private let limits: IdentityLimits
    private let allowedSystemNames: Set<ExactName>

    init(_ configuration: IntrospectionConfiguration, limits: IdentityLimits, allowedSystemNames: [String] = []) {
        self.configuration = configuration
        self.allowedSystemNames = Set(allowedSystemNames.map(ExactName.init))
        self.limits = limits
    }

    /// `now`: seconds since 1970.
    func read(_ reply: LookupReply, now: Double) -> Result<TokenVerdict, LookupFailure> {
        guard reply.status == 200 else { return .failure(.status(reply.status)) }
        guard let members = (try? JSONValue.parse(reply.body, maximumDepth: limits.jsonDepth))?.object,
            case .bool(let isActive) = members["active"]
        else { return .failure(.malformed("no introspection response with `active`")) }
        guard isActive else { return .success(.refused(Refusal(.inactive, "the token is not active"))) }
        do throws(Refusal) {
            return .success(.accepted(try identity(members, now: now)))
        } catch {
            return .success(.refused(error))
        }
    }

    private func identity(_ members: JSONObject, now: Double) throws(Refusal) -> Identity {
        let expiry = try time(members, "exp") ?? .infinity
        guard expiry >= now else { throw Refusal(.expired, "exp is in the past") }
        if let notBefore = try time(members, "nbf"), now + RegisteredClaims.notBeforeLeeway < notBefore {
            throw Refusal(.notYetValid, "nbf is in the future")
        }
        if let issuer = configuration.issuer {
            guard let named = members["iss"]?.string, named.isExactly(issuer) else {
                throw Refusal(.unknownIssuer, "not by the configured issuer")
            }
        }
        if !configuration.audiences.isEmpty {
            let named = try strings(members["aud"], Refusal(.badClaims, "aud is neither a string nor strings"))
            guard named.contains(where: { name in configuration.audiences.contains { $0.isExactly(name) } }) else {
                throw Refusal(.wrongAudience, "aud holds none of the configured audiences")
            }
        }
        let user = try user(members)
        return Identity(
            user: user, impersonationHeader: try ImpersonationHeader.render(user, limits: limits), expiresAt: expiry,
            believedUntil: expiry, keyThumbprint: TokenDigest())
    }

    private func user(_ members: JSONObject) throws(Refusal) -> UserInfo {
        guard let name = members[configuration.usernameClaim]?.string, !name.isEmpty else {
            throw Refusal(.usernameMissing, "\(configuration.usernameClaim) is missing or no string")
        }
        var user = UserInfo(username: configuration.usernamePrefix + name)
        if let claim = configuration.groupsClaim {
            let refusal = Refusal(.badGroups, "\(claim) is neither a string nor strings")
            user.groups = try strings(members[claim], refusal).map { configuration.groupsPrefix + $0 }
        }
        for name in [user.username] + user.groups where name.utf8.starts(with: UserInfo.reservedPrefix.utf8) {
            guard allowedSystemNames.contains(ExactName(string: name)) else {
                throw Refusal(.reservedName, "a user or group of the reserved prefix system:")
            }
        }
        user.groups.append(UserInfo.authenticatedGroup)
        return user
    }

    private func strings(_ value: JSONValue?, _ refusal: Refusal) throws(Refusal) -> [String] {
        switch value {
        case nil, .null: return []
        case .string(let string): return [string]
        case .array(let values):
            let strings = values.compactMap(\.string)
            guard strings.count == values.count else { throw refusal }
            return strings
        default: throw refusal
        }
    }

    private func time(_ members: JSONObject, _ name: String) throws(Refusal) -> Double? {
        switch members[name] {
        case nil, .null: return nil
        case .integer(let seconds) where abs(seconds) <= 1 << 53: return Double(seconds)
        case .real(let seconds): return seconds.rounded(.towardZero)
        default: throw Refusal(.badClaims, "\(name) is not a time")
        }
    }
}
