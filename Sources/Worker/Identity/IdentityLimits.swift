// SPDX-License-Identifier: Apache-2.0

import Shared

/// Bounds on what one token may make a worker do and send.
struct IdentityLimits: Equatable, Sendable {
    /// Bytes of the compact token.
    var tokenBytes = 16 * 1024
    /// Nesting of the header's and the claims' JSON.
    var jsonDepth = 16
    var groups = 512
    /// Extra values of one user.
    var extras = 64
    /// Bytes of the rendered impersonation header.
    var impersonationBytes = 32 * 1024
    /// How many keys one token may be tried against (several of one `kid`, or no `kid` at all).
    var keyAttempts = 8

    init() {}

    init(_ configuration: LimitsConfiguration) {
        groups = configuration.groups
        extras = configuration.extras
        impersonationBytes = configuration.identity
    }
}
