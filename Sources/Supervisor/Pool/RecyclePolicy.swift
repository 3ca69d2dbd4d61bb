// SPDX-License-Identifier: Apache-2.0

import Shared

/// Whether one worker is to be replaced, by its figures as seen from outside, looked at about once a second. Pure.
struct RecyclePolicy {
    /// A worker's figures at one moment.
    struct Figures: Equatable, Sendable {
        var inFlight: UInt64 = 0
        var orphans: UInt64 = 0
        /// Anonymous memory in bytes; nil: the kernel does not say.
        var memory: UInt64?
        /// Requests served so far.
        var requests: UInt64 = 0
    }

    enum Verdict: Equatable, Sendable {
        case keep
        /// The replacement first, then it drains.
        case replace(RecycleReason)
        /// Now: what it still takes is others' memory.
        case kill(RecycleReason)
    }

    /// How long orphans, or too many requests in flight, may last.
    static let patience = Duration.seconds(5)
    /// From `ready`, before anything but the hard limit counts: a limit that every worker exceeds must not make the
    /// pool do nothing else but recycle.
    static let settling = Duration.seconds(10)

    private let inFlightLimit: UInt64
    private let memorySoft: UInt64
    private let memoryHard: UInt64
    private let maxRequests: UInt64?
    private let maxAge: Duration?
    private var inFlightSince: Instant?
    private var orphansSince: Instant?

    /// - Parameter spread: from 0 to below 1, differing between workers: how much of the jitter is this worker's.
    init(_ configuration: RecyclingConfiguration, maxInFlight: Int, spread: Double) {
        inFlightLimit = UInt64(configuration.inFlightLimit ?? maxInFlight)
        memorySoft = UInt64(configuration.memorySoft)
        memoryHard = UInt64(configuration.memoryHard)
        // Downwards only: what is called a maximum is one.
        let part = 1 - Double(configuration.jitterPercent) / 100 * spread
        maxRequests =
            configuration.maxRequests > 0 ? max(1, UInt64(Double(configuration.maxRequests) * part)) : nil
        maxAge = configuration.maxAge > .zero ? configuration.maxAge * part : nil
    }

    /// - Parameter readySince: nil: it is not ready, or not any more; then only the hard limit counts.
    mutating func judge(_ figures: Figures, readySince: Instant?, now: Instant) -> Verdict {
        if let memory = figures.memory, memory > memoryHard { return .kill(.memoryHard) }
        let crowded = Self.lasts(figures.inFlight > inFlightLimit, since: &inFlightSince, now)
        let orphaned = Self.lasts(figures.orphans > 0, since: &orphansSince, now)
        guard let readySince else { return .keep }
        let age = now.since(readySince)
        guard age >= Self.settling else { return .keep }
        if orphaned { return .replace(.orphans) }
        if crowded { return .replace(.inFlight) }
        if let memory = figures.memory, memory > memorySoft { return .replace(.memorySoft) }
        if let maxRequests, figures.requests >= maxRequests { return .replace(.maxRequests) }
        if let maxAge, age >= maxAge { return .replace(.maxAge) }
        return .keep
    }

    private static func lasts(_ holds: Bool, since: inout Instant?, _ now: Instant) -> Bool {
        guard holds else {
            since = nil
            return false
        }
        let start = since ?? now
        since = start
        return now.since(start) >= patience
    }

    /// A worker's part of the jitter, from what tells it from the others (SplitMix64's finalizer).
    static func spread(pid: Int32, id: WorkerID) -> Double {
        var value = UInt64(UInt32(bitPattern: pid)) << 32 ^ UInt64(id.slot) << 24 ^ UInt64(id.generation)
        value &+= 0x9e37_79b9_7f4a_7c15
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        value ^= value >> 31
        return Double(value >> 11) / 9_007_199_254_740_992
    }
}
