// SPDX-License-Identifier: Apache-2.0

/// `authentication.k8s.io/v1` TokenReview: what is asked, and what the answer means. As kube-apiserver's webhook token
/// authenticator has it (k8s.io/apiserver/plugin/pkg/authenticator/token/webhook).
struct TokenReview {
    static let path = "/apis/authentication.k8s.io/v1/tokenreviews"

    let audiences: [String]
    /// Requests go on with their own token.
    let passesThrough: Bool
    let limits: IdentityLimits

    /// nil: the bytes cannot stand in JSON, so that no API server can know such a token.
    func body(_ token: [UInt8]) -> [UInt8]? {
        guard let text = String(validating: token, as: UTF8.self) else { return nil }
        var spec = #""token":"# + JSONValue.quoted(text)
        if !audiences.isEmpty {
            spec += #","audiences":["# + audiences.map(JSONValue.quoted).joined(separator: ",") + "]"
        }
        return Array(
            #"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{\#(spec)}}"#.utf8)
    }

    func read(_ reply: LookupReply, token: [UInt8]) -> Result<TokenVerdict, LookupFailure> {
        guard (200...201).contains(reply.status) else { return .failure(.status(reply.status)) }
        guard let status = (try? JSONValue.parse(reply.body, maximumDepth: 32))?.object?["status"]?.object else {
            return .failure(.malformed("no TokenReview with a status"))
        }
        guard status["authenticated"] == .bool(true) else {
            return .success(.refused(Refusal(.reviewRefused, "the API server does not know the token")))
        }
        if !audiences.isEmpty {
            let named = status["audiences"]?.array?.compactMap(\.string) ?? []
            guard named.contains(where: { audiences.contains(where: $0.isExactly) }) else {
                return .success(.refused(Refusal(.wrongAudience, "the token is for none of the configured audiences")))
            }
        }
        guard let user = UserInfo(json: status["user"]) else {
            return .failure(.malformed("an authenticated TokenReview without a user"))
        }
        let expiry = Self.expiry(ofVerified: token, depth: limits.jsonDepth)
        do throws(Refusal) {
            // Also for a user that is not impersonated: other fields may carry its names, and budgets are for everybody.
            let header = try ImpersonationHeader.render(user, limits: limits)
            return .success(
                .accepted(
                    Identity(
                        user: user, impersonationHeader: passesThrough ? [] : header, expiresAt: expiry,
                        believedUntil: expiry,
                        keyThumbprint: TokenDigest(), forwardsToken: passesThrough)))
        } catch {
            return .success(.refused(error))
        }
    }

    /// The `exp` of a token that is a JWT, as those of service accounts are; infinity: it is none, or has none. To be
    /// believed only of a token that was accepted.
    static func expiry(ofVerified token: [UInt8], depth: Int) -> Double {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64URL.decode(Array(parts[1]).span, 0..<parts[1].count),
            let claims = (try? JSONValue.parse(payload, maximumDepth: depth))?.object
        else { return .infinity }
        switch claims["exp"] {
        case .integer(let seconds): return Double(seconds)
        case .real(let seconds): return seconds
        default: return .infinity
        }
    }
}

extension UserInfo {
    /// A `UserInfo` of `authentication.k8s.io/v1`; nil: it is none, or has no name.
    init?(json: JSONValue?) {
        guard let object = json?.object, let name = object["username"]?.string, !name.isEmpty else { return nil }
        self.init(username: name)
        uid = object["uid"]?.string
        groups = object["groups"]?.array?.compactMap(\.string) ?? []
        for (key, values) in object["extra"]?.object?.members ?? [:] {
            extra[key.string] = values.array?.compactMap(\.string) ?? []
        }
    }
}
