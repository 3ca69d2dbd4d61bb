// SPDX-License-Identifier: Apache-2.0

/// What becomes of a stream (a watch, a followed log, a tunnel) when the credential that began it expires.
package struct TokenExpiryConfiguration: Codable, Equatable, Sendable {
    package var mode: Mode
    /// With `afterGrace`: how long after the expiry.
    package var grace: Duration

    package enum Mode: String, Codable, Equatable, Sendable, CaseIterable {
        /// It goes on.
        case off
        case atExpiry
        case afterGrace
    }

    package init(mode: Mode = .atExpiry, grace: Duration = .seconds(300)) {
        self.mode = mode
        self.grace = grace
    }

    /// How long a stream may go on beyond the expiry; nil: for as long as it likes.
    package var allowance: Duration? {
        switch mode {
        case .off: nil
        case .atExpiry: .zero
        case .afterGrace: grace
        }
    }
}
