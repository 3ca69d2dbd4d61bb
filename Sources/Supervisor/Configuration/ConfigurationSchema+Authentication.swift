// SPDX-License-Identifier: Apache-2.0

/// Who clients are, and how that is found out.
extension ConfigurationSchema {
    static let authentication = [
        key("authentication", .mapping, .required, "How clients prove who they are."),
        key(
            "authentication.configurationFile", .file, .none,
            "Kubernetes' own AuthenticationConfiguration (apiserver.config.k8s.io/v1 or v1beta1); excludes oidc."),
        key(
            "authentication.oidc", .mapping, .none,
            "One OpenID Connect issuer, as kube-apiserver's --oidc-* flags; this or configurationFile is needed."
        ),
        key("authentication.oidc.issuerURL", .string, .required, "The issuer's URL, https only (--oidc-issuer-url)."),
        key(
            "authentication.oidc.clientID", .string, .required,
            "Must be one of the token's audiences (--oidc-client-id)."),
        key(
            "authentication.oidc.caFile", .file, .none,
            "PEM: who may have signed the issuer's certificate; without it the system's authorities (--oidc-ca-file)."),
        key(
            "authentication.oidc.usernameClaim", .string, .value("sub"),
            "The claim that is the user's name (--oidc-username-claim)."),
        key(
            "authentication.oidc.usernamePrefix", .string, .none,
            "Put before the name; \"-\": nothing; without it the issuer's URL and #, unless the claim is email"
                + " (--oidc-username-prefix)."),
        key(
            "authentication.oidc.groupsClaim", .string, .none,
            "The claim that holds the user's groups; without it no groups (--oidc-groups-claim)."),
        key(
            "authentication.oidc.groupsPrefix", .string, .value("\"\""),
            "Put before each group (--oidc-groups-prefix)."),
        key(
            "authentication.oidc.requiredClaims", .mapping, .value("{}"),
            "Claims and the values that a token must hold (--oidc-required-claim)."),
        key(
            "authentication.oidc.signingAlgorithms", .list, .value("[RS256]"),
            "Accepted algorithms among RS, PS and ES with 256, 384 and 512 (--oidc-signing-algs)."),
        key(
            "authentication.allowedSystemNames", .list, .value("[]"),
            "Users and groups beginning with system: that tokens may stand for; all others of that prefix are refused."),
        key(
            "authentication.tokenTypes", .list, .value("[]"),
            "What a token's typ may be, such as JWT or at+jwt (none counts as JWT); empty: anything, as kube-apiserver."
        ),
        key("authentication.keys", .mapping, .none, "How the issuers' keys are kept fresh."),
        key(
            "authentication.keys.refreshInterval", .duration, .value("5m"),
            "How often keys are fetched anew; sooner if the issuer's Cache-Control says so."),
        key(
            "authentication.keys.minimumRefreshInterval", .duration, .value("1m"),
            "No Cache-Control makes them be fetched more often than this."),
        key(
            "authentication.keys.keepFor", .duration, .value("0s"),
            "How long the last good keys are used while their issuer cannot be reached; 0s: as long as it takes."),
        key("authentication.cache", .mapping, .none, "Each worker's cache of verified tokens."),
        key("authentication.cache.maxEntries", .integer, .value("16384"), "Tokens remembered at most."),
        key(
            "authentication.cache.acceptedFor", .duration, .value("5m"),
            "How long an accepted token is not verified again; never past its expiry; 0s: not at all."),
        key(
            "authentication.cache.refusedFor", .duration, .value("10s"),
            "How long a refused token is refused without another look; 0s: not at all."),
    ]

    static let lookUps = [
        key(
            "authentication.tokenReview", .mapping, .none,
            "Tokens that no configured issuer owns, service accounts' among them, judged by the API server."),
        key(
            "authentication.tokenReview.mode", .string, .value("off"),
            "off; passThrough: such a request goes on with its own token; impersonate: as the user that was named."),
        key(
            "authentication.tokenReview.audiences", .list, .value("[]"),
            "What the tokens must be for; none: the API server's own audiences."),
        key(
            "authentication.tokenReview.acceptedFor", .duration, .value("1m"),
            "How long a yes is believed without asking again; 0s: not at all."),
        key("authentication.tokenReview.refusedFor", .duration, .value("10s"), "How long a no is."),
        key(
            "authentication.introspection", .mapping, .none,
            "Tokens that nobody above owns, judged by their authorization server (RFC 7662); without it off."),
        key("authentication.introspection.url", .string, .required, "The introspection endpoint, https only."),
        key(
            "authentication.introspection.caFile", .file, .none,
            "PEM: who may have signed its certificate; without it the system's authorities."),
        key("authentication.introspection.clientID", .string, .required, "The gateway's client identifier there."),
        key(
            "authentication.introspection.clientSecretFile", .file, .none,
            "The client's secret (client_secret_basic); either this or privateKeyFile."),
        key(
            "authentication.introspection.privateKeyFile", .file, .none,
            "PEM: the client's RSA or EC private key (private_key_jwt, RFC 7523)."),
        key("authentication.introspection.keyID", .string, .none, "The kid of the assertions signed with that key."),
        key(
            "authentication.introspection.assertionAudience", .string, .none,
            "The aud of those assertions; without it the endpoint's URL."),
        key(
            "authentication.introspection.issuer", .string, .none,
            "What the answer's iss must be; without it iss is not looked at."),
        key(
            "authentication.introspection.audiences", .list, .value("[]"),
            "One of these must be among the answer's aud; none: aud is not looked at."),
        key(
            "authentication.introspection.usernameClaim", .string, .value("sub"),
            "The member of the answer that is the user's name."),
        key(
            "authentication.introspection.usernamePrefix", .string, .value("\"\""), "Put before the name."),
        key(
            "authentication.introspection.groupsClaim", .string, .none,
            "The member that holds the user's groups; without it no groups."),
        key("authentication.introspection.groupsPrefix", .string, .value("\"\""), "Put before each group."),
        key(
            "authentication.introspection.acceptedFor", .duration, .value("1m"),
            "How long an active token is believed without asking again; never past its exp; 0s: not at all."),
        key(
            "authentication.introspection.refusedFor", .duration, .value("10s"), "How long an inactive one is."),
        key(
            "authentication.impersonation", .mapping, .none,
            "What happens to a client's own impersonation (kubectl --as)."),
        key(
            "authentication.impersonation.mode", .string, .value("deny"),
            "deny, or authorize: each name is checked by a SubjectAccessReview, as kube-apiserver does."),
        key(
            "authentication.impersonation.maxChecks", .integer, .value("32"),
            "SubjectAccessReviews that one request may need; above it 403."),
        key(
            "authentication.impersonation.allowedFor", .duration, .value("10s"),
            "How long a permission is believed without asking again; 0s: not at all."),
        key("authentication.impersonation.deniedFor", .duration, .value("5s"), "How long a denial is."),
        key(
            "authentication.tokenExpiry", .mapping, .none,
            "What becomes of a watch, a followed log or a tunnel when its credential expires."),
        key(
            "authentication.tokenExpiry.mode", .string, .value("atExpiry"),
            "off: it goes on; atExpiry: it ends then; afterGrace: it ends some time later."),
        key("authentication.tokenExpiry.grace", .duration, .value("5m"), "With afterGrace: how much later."),
        key(
            "authentication.lookups", .mapping, .none,
            "Bounds of each worker's look-ups at the API server and at the introspection endpoint."),
        key("authentication.lookups.maxConcurrent", .integer, .value("64"), "Look-ups going on at once."),
        key(
            "authentication.lookups.maxWaiting", .integer, .value("1024"),
            "Look-ups waiting for their turn; above it requests are answered 503."),
        key(
            "authentication.lookups.maxCached", .integer, .value("4096"), "Answers remembered at most, of each kind."),
    ]
}
