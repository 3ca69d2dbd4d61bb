// SPDX-License-Identifier: Apache-2.0

/// Why a token is refused. Holds nothing out of the token, so it may be logged; the client only gets "Unauthorized".
struct Refusal: Error, Equatable, Sendable {
    /// The raw values are stable names for logs and metrics.
    enum Reason: String, CaseIterable, Sendable {
        case tooLarge = "token-too-large"
        case malformed = "token-malformed"
        case wrongType = "token-type"
        case badHeader = "header-malformed"
        case criticalHeader = "header-critical-extension"
        case badClaims = "claims-malformed"
        case unknownIssuer = "issuer-unknown"
        case algorithmNotAllowed = "algorithm-not-allowed"
        case keyUnsuitable = "key-unsuitable"
        case badSignature = "signature-invalid"
        case wrongAudience = "audience-mismatch"
        case expired = "token-expired"
        case notYetValid = "token-not-yet-valid"
        case usernameMissing = "username-missing"
        case emailNotVerified = "email-not-verified"
        case badGroups = "groups-malformed"
        case requiredClaim = "required-claim-mismatch"
        case expressionFailed = "expression-failed"
        case claimRule = "claim-validation-rule"
        case userRule = "user-validation-rule"
        case distributedClaims = "distributed-claims-unsupported"
        case reservedName = "system-name"
        case notCarriable = "name-not-carriable"
        case tooManyGroups = "too-many-groups"
        case identityTooLarge = "identity-too-large"
        case tooManyExtras = "too-many-extras"
        case reviewRefused = "token-review-refused"
        case inactive = "token-inactive"
        case certificateRefused = "certificate-refused"
    }

    let reason: Reason
    /// For the log: what was wrong, in words of ours and of the configuration only.
    let message: String

    init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// Whether a token without a known issuer is left to other authenticators for this reason: it is no JWT, or by another
    /// issuer.
    var isNotOurs: Bool {
        switch reason {
        case .malformed, .unknownIssuer: true
        default: false
        }
    }
}
