// SPDX-License-Identifier: Apache-2.0

/// How clients prove who they are.
package struct AuthenticationConfiguration: Codable, Equatable, Sendable {
    /// The one issuer of the `--oidc-*` flags; nil: issuers are those of `file`, if any.
    package var oidc: OIDC?
    /// Kubernetes' own configuration file. Never beside `oidc`.
    package var file: KubernetesFile?
    /// Users and groups of the reserved prefix `system:` that a token may stand for all the same, to the letter.
    package var allowedSystemNames: [String]
    /// What a token's `typ` may be, without `application/`; empty: anything, as kube-apiserver has it.
    package var tokenTypes: [String]
    package var keys: Keys
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

        package init(
            issuerURL: String, clientID: String, caFile: String? = nil, usernameClaim: String = "sub",
            usernamePrefix: String? = nil, groupsClaim: String? = nil, groupsPrefix: String = "",
            requiredClaims: [String: String] = [:], signingAlgorithms: [String] = ["RS256"]
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
        }
    }

    /// A file of `kind: AuthenticationConfiguration`, `apiVersion: apiserver.config.k8s.io/v1` or `v1beta1`, as it was read:
    /// what it means, and whether it is right, is the worker's business, which has CEL.
    package struct KubernetesFile: Codable, Equatable, Sendable {
        /// In front of a field's path (`jwt[0].issuer.url`), wherever such paths stand among the gateway's own keys.
        package static let pathPrefix = "authentication.configurationFile/"

        package var path: String
        /// The document as JSON.
        package var document: String
        /// Keys that stand twice in one mapping of the file, by their paths; JSON cannot show them.
        package var repeatedKeys: [String]

        package init(path: String, document: String, repeatedKeys: [String] = []) {
            self.path = path
            self.document = document
            self.repeatedKeys = repeatedKeys
        }
    }

    /// How the issuers' keys are kept fresh.
    package struct Keys: Codable, Equatable, Sendable {
        /// Keys are fetched anew at least this often; an issuer's `Cache-Control: max-age` may ask for it sooner.
        package var refreshInterval: Duration
        /// No `max-age` makes them be fetched more often than this.
        package var minimumRefreshInterval: Duration
        /// How long the last good keys are used while their issuer cannot be reached; zero: as long as it takes.
        package var keepFor: Duration

        package init(
            refreshInterval: Duration = .seconds(300), minimumRefreshInterval: Duration = .seconds(60),
            keepFor: Duration = .zero
        ) {
            self.refreshInterval = refreshInterval
            self.minimumRefreshInterval = minimumRefreshInterval
            self.keepFor = keepFor
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
        oidc: OIDC?, file: KubernetesFile? = nil, allowedSystemNames: [String] = [], tokenTypes: [String] = [],
        keys: Keys = .init(), cache: TokenCache = .init(), tokenReview: TokenReviewConfiguration = .init(),
        introspection: IntrospectionConfiguration? = nil, impersonation: ImpersonationConfiguration = .init(),
        tokenExpiry: TokenExpiryConfiguration = .init(), lookups: LookupsConfiguration = .init()
    ) {
        self.oidc = oidc
        self.file = file
        self.allowedSystemNames = allowedSystemNames
        self.tokenTypes = tokenTypes
        self.keys = keys
        self.cache = cache
        self.tokenReview = tokenReview
        self.introspection = introspection
        self.impersonation = impersonation
        self.tokenExpiry = tokenExpiry
        self.lookups = lookups
    }
}
