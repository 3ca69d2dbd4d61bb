// SPDX-License-Identifier: Apache-2.0

/// What happens to a client's own impersonation (`kubectl --as`).
package struct ImpersonationConfiguration: Codable, Equatable, Sendable {
    package var mode: Mode
    /// SubjectAccessReviews that one request may need; above it 403.
    package var maxChecks: Int
    /// How long a permission is believed without asking again.
    package var allowedFor: Duration
    /// How long a denial is.
    package var deniedFor: Duration

    package enum Mode: String, Codable, Equatable, Sendable, CaseIterable {
        /// Every request with an `Impersonate-` field is refused.
        case deny
        /// Each of them is checked by a SubjectAccessReview, as kube-apiserver checks them.
        case authorize
    }

    package init(
        mode: Mode = .deny, maxChecks: Int = 32, allowedFor: Duration = .seconds(10), deniedFor: Duration = .seconds(5)
    ) {
        self.mode = mode
        self.maxChecks = maxChecks
        self.allowedFor = allowedFor
        self.deniedFor = deniedFor
    }
}
