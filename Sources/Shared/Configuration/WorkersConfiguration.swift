// SPDX-License-Identifier: Apache-2.0

/// The pool of gateway workers and what one worker may hold.
package struct WorkersConfiguration: Codable, Equatable, Sendable {
    /// Whether workers are bound to processors.
    package enum Affinity: String, Codable, Equatable, Sendable, CaseIterable {
        /// The kernel moves them as it likes.
        case off
        /// Each gateway worker runs on one processor, in turn over those that the supervisor may run on.
        case auto
    }

    /// How many gateway workers; nil (`auto`): one per usable core.
    package var count: Int?
    /// Client connections that one worker may hold: its credits.
    package var maxConnections: Int
    /// Requests in flight in one worker; above it the worker answers 503 with Retry-After.
    package var maxInFlight: Int
    package var cpuAffinity: Affinity
    /// Path of lychgate-worker; nil: beside lychgate, then `/usr/libexec/lychgate`.
    package var executable: String?

    package init(
        count: Int? = nil, maxConnections: Int = 8_192, maxInFlight: Int = 8_192, cpuAffinity: Affinity = .off,
        executable: String? = nil
    ) {
        self.count = count
        self.maxConnections = maxConnections
        self.maxInFlight = maxInFlight
        self.cpuAffinity = cpuAffinity
        self.executable = executable
    }
}
