// SPDX-License-Identifier: Apache-2.0

/// Bounds of each worker's look-ups at other services: TokenReview, SubjectAccessReview, introspection, distributed
/// claims. Each is under the identity deadline of the request that asks.
package struct LookupsConfiguration: Codable, Equatable, Sendable {
    /// Look-ups going on at once.
    package var maxConcurrent: Int
    /// Look-ups that wait for their turn; above it requests are answered 503.
    package var maxWaiting: Int
    /// Answers remembered at most, of each kind.
    package var maxCached: Int

    package init(maxConcurrent: Int = 64, maxWaiting: Int = 1_024, maxCached: Int = 4_096) {
        self.maxConcurrent = maxConcurrent
        self.maxWaiting = maxWaiting
        self.maxCached = maxCached
    }
}
