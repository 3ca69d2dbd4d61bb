// SPDX-License-Identifier: Apache-2.0

/// Tokens that no configured issuer owns, judged by the API server (`authentication.k8s.io/v1` TokenReview).
package struct TokenReviewConfiguration: Codable, Equatable, Sendable {
    package var mode: Mode
    /// What the token must be for; empty: the API server's own audiences.
    package var audiences: [String]
    /// How long the API server's yes is believed without asking again.
    package var acceptedFor: Duration
    /// How long its no is.
    package var refusedFor: Duration

    package enum Mode: String, Codable, Equatable, Sendable, CaseIterable {
        case off
        /// The request goes on with its own token and without impersonation: the API server judges it once more.
        case passThrough
        /// The request goes on with the gateway's credential, as the user that the API server named.
        case impersonate
    }

    package init(
        mode: Mode = .off, audiences: [String] = [], acceptedFor: Duration = .seconds(60),
        refusedFor: Duration = .seconds(10)
    ) {
        self.mode = mode
        self.audiences = audiences
        self.acceptedFor = acceptedFor
        self.refusedFor = refusedFor
    }
}
