// SPDX-License-Identifier: Apache-2.0

/// What `lychgate explain` asks of `lychgate-worker explain`: JSON in a sealed memory file, on the configuration's
/// descriptor. The token is not in it: the worker reads it from its standard input or its file.
package struct ExplainRequest: Codable, Equatable, Sendable {
    package var authentication: AuthenticationConfiguration
    /// Whether the gateway's own rules count, which a file of Kubernetes' alone does not have.
    package var isGateway: Bool
    /// What was found wrong while the configuration was read; nothing is judged then.
    package var problems: [String]
    /// Issuers' keys from files; with any, nothing is fetched.
    package var keySets: [KeySet]
    /// The file that holds the token; nil: standard input.
    package var tokenFile: String?
    /// Seconds since 1970; nil: the present.
    package var now: Double?
    package var isJSON: Bool
    /// What the gateway passes on of a user; nil: as by default.
    package var limits: LimitsConfiguration?

    package struct KeySet: Codable, Equatable, Sendable {
        /// nil: of every issuer that has none of its own.
        package var issuer: String?
        package var document: String

        package init(issuer: String?, document: String) {
            self.issuer = issuer
            self.document = document
        }
    }

    package init(
        authentication: AuthenticationConfiguration, isGateway: Bool, problems: [String] = [], keySets: [KeySet] = [],
        tokenFile: String? = nil, now: Double? = nil, isJSON: Bool = false, limits: LimitsConfiguration? = nil
    ) {
        self.authentication = authentication
        self.isGateway = isGateway
        self.problems = problems
        self.keySets = keySets
        self.tokenFile = tokenFile
        self.now = now
        self.isJSON = isJSON
        self.limits = limits
    }

    /// The exit codes besides `ExitCode.success` (accepted) and `ExitCode.configuration`.
    package static let refused: Int32 = 3
    package static let notOurs: Int32 = 4
}
