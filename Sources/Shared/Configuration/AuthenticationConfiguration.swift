// SPDX-License-Identifier: Apache-2.0

/// How clients prove who they are.
package struct AuthenticationConfiguration: Codable, Equatable, Sendable {
    package var oidc: OIDC
    package var cache: TokenCache
    package var tokenReview: TokenReviewConfiguration
    /// nil: off.
    package var introspection: IntrospectionConfiguration?
    package var impersonation: ImpersonationConfiguration
    package var tokenExpiry: TokenExpiryConfiguration
    package var lookups: LookupsConfiguration

    /// One OpenID Connect issuer, with the meaning of kube-apiserver's `--oidc-*` flags.
    package struct OIDC: Codable, Equatable, Sendable {
        /// `--oidc-issuer-url`: https only.
        package var issuerURL: String
        /// `--oidc-client-id`: must be one of the token's audiences.
        package var clientID: String
        /// `--oidc-ca-file`: PEM; nil: the system's authorities.
        package var caFile: String?
        /// `--oidc-username-claim`.
        package var usernameClaim: String
        /// `--oidc-username-prefix`: nil as kube-apiserver's default (issuer URL and `#`, unless the claim is `email`);
        /// `-`: none.
        package var usernamePrefix: String?
        /// `--oidc-groups-claim`.
        package var groupsClaim: String?
        /// `--oidc-groups-prefix`.
        package var groupsPrefix: String
        /// `--oidc-required-claim`: names and values that the token must hold.
        package var requiredClaims: [String: String]
        /// `--oidc-signing-algs`.
        package var signingAlgorithms: [String]
        /// How often keys are fetched anew in the background.
        package var refreshInterval: Duration

        package init(
            issuerURL: String, clientID: String, caFile: String? = nil, usernameClaim: String = "sub",
            usernamePrefix: String? = nil, groupsClaim: String? = nil, groupsPrefix: String = "",
            requiredClaims: [String: String] = [:], signingAlgorithms: [String] = ["RS256"],
            refreshInterval: Duration = .seconds(300)
        ) {
            self.issuerURL = issuerURL
            self.clientID = clientID
            self.caFile = caFile
            self.usernameClaim = usernameClaim
            self.usernamePrefix = usernamePrefix
            self.groupsClaim = groupsClaim
            self.groupsPrefix = groupsPrefix
            self.requiredClaims = requiredClaims
            self.signingAlgorithms = signingAlgorithms
            self.refreshInterval = refreshInterval
        }
    }

    /// Bounds of each worker's cache of verified tokens.
    package struct TokenCache: Codable, Equatable, Sendable {
        package var maxEntries: Int
        /// How long an accepted token is believed without verifying it again; never past its `exp`.
        package var acceptedFor: Duration
        /// How long a refused token is refused without looking again.
        package var refusedFor: Duration

        package init(
            maxEntries: Int = 16_384, acceptedFor: Duration = .seconds(300), refusedFor: Duration = .seconds(10)
        ) {
            self.maxEntries = maxEntries
            self.acceptedFor = acceptedFor
            self.refusedFor = refusedFor
        }
    }

    package init(
        oidc: OIDC, cache: TokenCache = .init(), tokenReview: TokenReviewConfiguration = .init(),
        introspection: IntrospectionConfiguration? = nil, impersonation: ImpersonationConfiguration = .init(),
        tokenExpiry: TokenExpiryConfiguration = .init(), lookups: LookupsConfiguration = .init()
    ) {
        self.oidc = oidc
        self.cache = cache
        self.tokenReview = tokenReview
        self.introspection = introspection
        self.impersonation = impersonation
        self.tokenExpiry = tokenExpiry
        self.lookups = lookups
    }
}
