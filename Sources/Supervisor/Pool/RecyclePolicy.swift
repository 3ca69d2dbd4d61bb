// SPDX-License-Identifier: Apache-2.0

import Shared

/// Whether one worker is to be replaced, by its figures as seen from outside, looked at about once a second. Pure.
struct RecyclePolicy {
    /// A worker's figures at one moment.
    struct Figures: Equatable, Sendable {
        var inFlight: UInt64 = 0
        /// Requests refused so far because a limit was reached.
        var refusals: UInt64 = 0
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

    /// nil: as many as there can be, and others are refused.
    private let inFlightLimit: UInt64?
    private let maxInFlight: UInt64
    private var refusalsBefore: UInt64?
    private let memorySoft: UInt64
    private let memoryHard: UInt64
    private let maxRequests: UInt64?
    private let maxAge: Duration?
    private var inFlightSince: Instant?
    private var orphansSince: Instant?

    /// - Parameter spread: from 0 to below 1, differing between workers: how much of the jitter is this worker's.
    init(_ configuration: RecyclingConfiguration, maxInFlight: Int, spread: Double) {
        // No more than `maxInFlight` are ever in flight: such a limit by itself would never be exceeded.
        inFlightLimit = configuration.inFlightLimit.flatMap { $0 < maxInFlight ? UInt64($0) : nil }
        self.maxInFlight = UInt64(maxInFlight)
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
        let crowded = Self.lasts(isCrowded(figures), since: &inFlightSince, now)
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

    /// A worker that is full, of watches for example, does its work; one that is full and had to refuse requests since the
    /// last look does not do all of it.
    private mutating func isCrowded(_ figures: Figures) -> Bool {
        let before = refusalsBefore
        refusalsBefore = figures.refusals
        if let inFlightLimit { return figures.inFlight > inFlightLimit }
        guard let before else { return false }
        return figures.inFlight >= maxInFlight && figures.refusals > before
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
