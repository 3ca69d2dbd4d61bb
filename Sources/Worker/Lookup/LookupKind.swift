// SPDX-License-Identifier: Apache-2.0

/// What other services are asked for. The order is that of their counters.
enum LookupKind: Int, CaseIterable, Sendable {
    case tokenReview
    case introspection
    case accessReview
    case distributedClaim

    /// The label's value.
    var name: String {
        switch self {
        case .tokenReview: "token_review"
        case .introspection: "introspection"
        case .accessReview: "subject_access_review"
        case .distributedClaim: "distributed_claim"
        }
    }
}
