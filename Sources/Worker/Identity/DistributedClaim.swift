// SPDX-License-Identifier: Apache-2.0

/// Claims that must be fetched elsewhere (OpenID Connect Core section 5.6.2).
enum DistributedClaim {
    /// Where such a claim is to be had.
    struct Source: Equatable {
        let claim: String
        let endpoint: String
        let accessToken: String?
        /// Of the issuer that named it.
        let authority: IssuerPolicy.Authority
        /// That issuer's place in the configuration.
        let issuer: Int

        /// Its server, to be shown: what stands behind it, or before it, may be a secret.
        var place: String {
            let authority = endpoint.utf8.dropFirst(8).prefix { !"/?#".utf8.contains($0) }
            let host = authority.lastIndex(of: UInt8(ascii: "@")).map { authority[$0...].dropFirst() } ?? authority
            return "https://" + (String(host) ?? "")
        }
    }

    /// The source of a claim that is not in the token; nil: it has none that can be asked.
    static func source(
        of claim: String, in claims: JSONObject, authority: IssuerPolicy.Authority, issuer: Int
    ) -> Source? {
        guard claims[claim] == nil, let name = claims["_claim_names"]?.object?[claim]?.string,
            let source = claims["_claim_sources"]?.object?[name]?.object,
            let endpoint = source["endpoint"]?.string, endpoint.utf8.starts(with: "https://".utf8)
        else { return nil }
        let token = source["access_token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        // Both become a part of a request.
        let isPlain = { (text: String) in text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        guard isPlain(endpoint), isPlain(token ?? "") else { return nil }
        return Source(claim: claim, endpoint: endpoint, accessToken: token, authority: authority, issuer: issuer)
    }

    /// go-oidc refuses a token whose `_claim_names` point nowhere, whatever is made of them later.
    static func checkSources(_ claims: JSONObject) throws(Refusal) {
        let malformed = Refusal(.badClaims, "_claim_names or _claim_sources is malformed")
        let sources = claims["_claim_sources"] ?? .null
        guard sources == .null || sources.object != nil else { throw malformed }
        let names = claims["_claim_names"] ?? .null
        if names == .null { return }
        guard let names = names.object else { throw malformed }
        for value in names.members.values {
            guard let source = value.string, !source.isEmpty, sources.object?[source]?.object != nil else {
                throw malformed
            }
        }
    }

    /// Serving the user without groups that are kept elsewhere would be a wrong answer, so the token is refused. An
    /// aggregated claim (no endpoint) is ignored as kube-apiserver does.
    static func refuse(_ claim: String, in claims: JSONObject) throws(Refusal) {
        guard let source = claims["_claim_names"]?.object?[claim]?.string,
            let endpoint = claims["_claim_sources"]?.object?[source]?.object?["endpoint"], endpoint != .null,
            endpoint != .string("")
        else { return }
        throw Refusal(.distributedClaims, "claim \(claim) is a distributed claim, which is not resolved")
    }
}
