// SPDX-License-Identifier: Apache-2.0

/// Opaque tokens, judged by their authorization server (RFC 7662).
package struct IntrospectionConfiguration: Codable, Equatable, Sendable {
    /// The introspection endpoint: https only.
    package var url: String
    /// PEM: who may have signed its certificate; nil: the system's authorities.
    package var caFile: String?
    /// How the gateway calls itself there.
    package var clientID: String
    /// A file with the client's secret (client_secret_basic), read again when it changes.
    package var clientSecretFile: String?
    /// PEM of an RSA or EC private key (private_key_jwt, RFC 7523), read again when it changes.
    package var privateKeyFile: String?
    /// The `kid` in the assertion's header.
    package var keyID: String?
    /// The assertion's `aud`; nil: the endpoint's URL.
    package var assertionAudience: String?
    /// What the answer's `iss` must be; nil: not looked at.
    package var issuer: String?
    /// One of these must be among the answer's `aud`; empty: not looked at.
    package var audiences: [String]
    package var usernameClaim: String
    package var usernamePrefix: String
    package var groupsClaim: String?
    package var groupsPrefix: String
    package var acceptedFor: Duration
    package var refusedFor: Duration

    package init(
        url: String, clientID: String, caFile: String? = nil, clientSecretFile: String? = nil,
        privateKeyFile: String? = nil, keyID: String? = nil, assertionAudience: String? = nil, issuer: String? = nil,
        audiences: [String] = [], usernameClaim: String = "sub", usernamePrefix: String = "",
        groupsClaim: String? = nil, groupsPrefix: String = "", acceptedFor: Duration = .seconds(60),
        refusedFor: Duration = .seconds(10)
    ) {
        self.url = url
        self.caFile = caFile
        self.clientID = clientID
        self.clientSecretFile = clientSecretFile
        self.privateKeyFile = privateKeyFile
        self.keyID = keyID
        self.assertionAudience = assertionAudience
        self.issuer = issuer
        self.audiences = audiences
        self.usernameClaim = usernameClaim
        self.usernamePrefix = usernamePrefix
        self.groupsClaim = groupsClaim
        self.groupsPrefix = groupsPrefix
        self.acceptedFor = acceptedFor
        self.refusedFor = refusedFor
    }
}
