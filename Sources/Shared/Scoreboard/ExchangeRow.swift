// SPDX-License-Identifier: Apache-2.0

/// One exchange in flight, as the scoreboard shows it. Never a token, never a header's value.
package struct ExchangeRow: Equatable, Sendable {
    /// The words of a row that change while an exchange goes on, at their place in the row.
    package enum Field: Int, Sendable {
        case id
        case phase
        case started
        case deadline
        case lastProgress
        case bytesFromClient
        case bytesToClient
        /// With the verb, and the stream to the API server in its upper half; see `ExchangeRow.kindWord`.
        case kind = 30
    }

    /// Where the user's words begin.
    static let userOffset = 11

    /// 0: the row is free.
    package var id: UInt64 = 0
    package var phase: UInt64 = 0
    package var started = Instant.zero
    package var deadline = Instant.never
    package var lastProgress = Instant.zero
    package var bytesFromClient: UInt64 = 0
    package var bytesToClient: UInt64 = 0
    package var client = SocketAddress.unspecified
    /// At most 8, 48 and 104 bytes, cut.
    package var method = FixedText<1>()
    package var user = FixedText<6>()
    package var path = FixedText<13>()
    /// What the request is for, at most 40 bytes, cut; empty: no resource.
    package var resource = FixedText<5>()
    package var verb = ExchangeVerb.none
    /// Whoever wrote it died, or stood still, in the middle: parts of it may be of another exchange, or missing.
    package var isTorn = false

    /// What its deadlines go by.
    package enum Class: UInt64, Sendable {
        case ordinary = 0
        case longRunning = 1
        case tunnel = 2

        /// In one word, as `lychgate ps` and the log have it.
        package var name: String {
            switch self {
            case .ordinary: "ordinary"
            case .longRunning: "long-running"
            case .tunnel: "tunnel"
            }
        }
    }
    package var kind = Class.ordinary
    /// The HTTP/2 stream to the API server; 0: it goes by a connection of its own, or has none yet.
    package var upstreamStream: UInt32 = 0

    /// The three as they stand in one word.
    package static func kindWord(_ kind: Class, _ verb: ExchangeVerb, stream: UInt32) -> UInt64 {
        kind.rawValue | UInt64(verb.rawValue) << 8 | UInt64(stream) << 32
    }

    package init() {}

    init(_ load: (Int) -> UInt64) {
        id = load(0)
        phase = load(1)
        started = Instant(nanoseconds: load(2))
        deadline = Instant(nanoseconds: load(3))
        lastProgress = Instant(nanoseconds: load(4))
        bytesFromClient = load(5)
        bytesToClient = load(6)
        let address = load(7)
        client = SocketAddress(
            family: .init(rawValue: UInt8(truncatingIfNeeded: address)) ?? .unspecified,
            port: UInt16(truncatingIfNeeded: address >> 16), high: load(8), low: load(9))
        method = FixedText { load(10 + $0) }
        user = FixedText { load(11 + $0) }
        path = FixedText { load(17 + $0) }
        let kinds = load(30)
        kind = Class(rawValue: kinds & 0xff) ?? .ordinary
        verb = ExchangeVerb(rawValue: UInt8(truncatingIfNeeded: kinds >> 8)) ?? .none
        upstreamStream = UInt32(truncatingIfNeeded: kinds >> 32)
        resource = FixedText { load(31 + $0) }
    }

    func store(_ put: (Int, UInt64) -> Void) {
        put(0, id)
        put(1, phase)
        put(2, started.nanoseconds)
        put(3, deadline.nanoseconds)
        put(4, lastProgress.nanoseconds)
        put(5, bytesFromClient)
        put(6, bytesToClient)
        put(7, UInt64(client.family.rawValue) | UInt64(client.port) << 16)
        put(8, client.high)
        put(9, client.low)
        method.store { put(10 + $0, $1) }
        user.store { put(11 + $0, $1) }
        path.store { put(17 + $0, $1) }
        put(30, Self.kindWord(kind, verb, stream: upstreamStream))
        resource.store { put(31 + $0, $1) }
    }
}
