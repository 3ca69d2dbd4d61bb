// SPDX-License-Identifier: Apache-2.0

import Shared

/// What one HTTP/2 connection may still cost us without getting anything done. Pure: time is an argument.
///
/// HTTP/2 lets a client send frames that are cheap for it and not for us: requests that it takes back at once
/// (CVE-2023-44487), frames that make us reset a stream (CVE-2025-8671), header blocks without end (CVE-2024-27316),
/// PING, SETTINGS and PRIORITY that want an answer or a note (CVE-2019-9512, -9513, -9515), frames with nothing in them
/// (CVE-2019-9518), and windows that stay closed (CVE-2019-9517). Each costs points out of one bucket, which fills with
/// time and with requests served: no ordinary client comes near its bottom. At the bottom the connection ends, with
/// ENHANCE_YOUR_CALM.
struct AbuseBudget: Equatable {
    /// What a connection can overdo; each has its counter on the scoreboard.
    enum Kind: CaseIterable, Sendable {
        /// Streams that the client opens and resets.
        case rapidReset
        /// Streams that the client makes us reset, by breaking the protocol's rules.
        case provokedReset
        /// Header blocks in many pieces, or larger than any that we would accept.
        case headFlood
        /// PING, SETTINGS, PRIORITY, WINDOW_UPDATE and frames of unknown types.
        case controlFlood
        /// DATA frames without data.
        case emptyFrames
        /// Responses that the client asks for and then does not take.
        case stalling
    }

    /// What there is at the start, and at most: a thousand resets.
    static let capacity = 10_000
    /// Points that come back with each second: fifty resets.
    static let perSecond = 500
    /// What a served request gives back: as much as a reset costs.
    static let served = 10

    private var points = capacity
    private var refilled: Instant
    /// What the last point went for.
    private(set) var exhaustedBy: Kind?

    init(now: Instant) {
        refilled = now
    }

    /// Charges for something. False, from then on for good: there is nothing left.
    mutating func spend(_ cost: Int, on kind: Kind, now: Instant) -> Bool {
        refill(now)
        guard exhaustedBy == nil else { return false }
        points -= cost
        guard points < 0 else { return true }
        exhaustedBy = kind
        return false
    }

    /// Gives back for work that was of use.
    mutating func earn(_ amount: Int) {
        points = min(Self.capacity, points + amount)
    }

    /// Requests that are begun in one turn of the loop: the fewer, the less is left. Whoever keeps us busy for nothing
    /// waits behind everybody else long before it is cut.
    var beginsPerTurn: Int { max(1, HTTP2Limits.beginsPerTurn * points / Self.capacity) }

    private mutating func refill(_ now: Instant) {
        let elapsed = now.since(refilled).nanoseconds
        let nanosecondsPerPoint = Int64(1_000_000_000 / Self.perSecond)
        let gained = elapsed / nanosecondsPerPoint
        guard gained > 0 else { return }
        points = min(Self.capacity, points + Int(min(gained, Int64(Self.capacity))))
        refilled = refilled + .nanoseconds(gained * nanosecondsPerPoint)
    }

    // MARK: Prices

    /// A request that its client resets when it has begun and before it was answered, besides the reset's own price:
    /// it may have cost a connection to the API server. All streams of a connection can be left so at once, but not soon
    /// again.
    static let lateResetCost = 60
    /// A stream that broke a rule and had to be reset.
    static let provokedResetCost = 20
    /// A header block that is many times larger than any we accept: never by mistake.
    static let oversizedHeadCost = capacity + 1
    /// A response that waited for its client until its deadline.
    static let stallCost = 2_000
    /// DATA frames and bytes sent pay for the WINDOW_UPDATEs that they cause.
    static func earnedBySending(_ bytes: Int) -> Int { 2 + bytes / 512 }

    /// What a frame costs, by its header; nil: nothing, since it does something for the client.
    static func price(of frame: HTTP2FrameHeader) -> (kind: Kind, cost: Int)? {
        switch frame.type {
        case .data:
            if frame.length == 0, !frame.endsStream { return (.emptyFrames, 10) }
            return frame.isPadded ? (.emptyFrames, 2) : nil
        case .headers: return nil
        case .priority: return (.controlFlood, 2)
        case .resetStream: return (.rapidReset, 10)
        case .settings: return frame.isAcknowledgement ? (.controlFlood, 5) : (.controlFlood, 20)
        case .ping: return frame.isAcknowledgement ? (.controlFlood, 2) : (.controlFlood, 10)
        case .goAway: return (.controlFlood, 10)
        case .windowUpdate: return (.controlFlood, 1)
        case .continuation: return (.headFlood, 10)
        case .other: return (.controlFlood, 5)
        }
    }
}
