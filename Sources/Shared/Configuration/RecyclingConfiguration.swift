// SPDX-License-Identifier: Apache-2.0

/// When a worker that does its work is replaced all the same: the new one first, then the old one drains.
package struct RecyclingConfiguration: Codable, Equatable, Sendable {
    /// Requests in flight above which, for 5 s, a worker is replaced; nil: when, for 5 s, it has as many as
    /// `workers.maxInFlight` and refuses others.
    package var inFlightLimit: Int?
    /// Bytes of anonymous memory above which a worker is replaced.
    package var memorySoft: Int
    /// Bytes of anonymous memory above which a worker is killed at once.
    package var memoryHard: Int
    /// Requests that one worker serves; 0: any number.
    package var maxRequests: Int
    /// How long one worker serves; zero: for ever.
    package var maxAge: Duration
    /// By how many percent `maxRequests` and `maxAge` may be undercut, so that workers do not reach them together.
    package var jitterPercent: Int

    /// The kernel's bound on a gateway worker's written memory (RLIMIT_DATA), in bytes: far enough above `memoryHard` that
    /// the supervisor always acts first, if it can.
    package var dataLimit: Int { memoryHard * 2 + 256 * 1_048_576 }

    /// The same of the keyring and of the admin process, which take a few MiB and whose memory nobody watches.
    package static let companionDataLimit = 512 * 1_048_576

    /// The same of a gateway worker's control group, where it has one (`memory.max`), page cache and kernel memory included.
    package var groupLimit: Int { memoryHard + memoryHard / 4 + 16 * 1_048_576 }

    package init(
        inFlightLimit: Int? = nil, memorySoft: Int = 536_870_912, memoryHard: Int = 1_073_741_824,
        maxRequests: Int = 0, maxAge: Duration = .seconds(86_400), jitterPercent: Int = 10
    ) {
        self.inFlightLimit = inFlightLimit
        self.memorySoft = memorySoft
        self.memoryHard = memoryHard
        self.maxRequests = maxRequests
        self.maxAge = maxAge
        self.jitterPercent = jitterPercent
    }
}
