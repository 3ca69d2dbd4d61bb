// SPDX-License-Identifier: Apache-2.0

import Shared

/// What is to go through one tunnel, byte for byte, both ways, how each side ends, and what has become of it so far.
final class TunnelPlan {
    enum Ending {
        /// It says all, ends its stream, and hears the other side to its end.
        case finish
        /// The same, but it ends after the other side.
        case finishLast
        /// After so many bytes it falls silent, resets, or closes for both directions.
        case stall
        case reset
        case leave
    }

    /// What one side does.
    final class Side {
        let bytes: [UInt8]
        let ending: Ending
        /// So many of the bytes are said.
        let count: Int
        let pace: Int
        let pause: Duration
        /// How many bytes it had said when it ended its stream; nil: it has not.
        var endedAt: Int?

        fileprivate init(_ bytes: [UInt8], _ ending: Ending, slow: Bool, random: inout Random) {
            self.bytes = bytes
            self.ending = ending
            let isWhole = ending == .finish || ending == .finishLast
            count = isWhole ? bytes.count : random.below(bytes.count + 1)
            pace = slow ? random.pick([1, 20, 500]) : random.pick([200, 5_000, 100_000])
            pause = slow ? random.milliseconds(10...900) : random.microseconds(10...2_000)
        }
    }

    /// What `Upgrade` asks for.
    let name: String
    /// What the API server agrees to; nil: it refuses, with an ordinary answer.
    let agreed: String?
    /// So many of the client's bytes follow its head at once, without waiting for the answer.
    let early: Int
    let client: Side
    let server: Side

    /// Whether there will be a tunnel.
    var isGranted: Bool { agreed == name }

    init(id: Int, scenario: Scenario, random: inout Random) {
        name = random.pick(["SPDY/3.1", "websocket"])
        let answer = random.below(10)
        if scenario.has(.malformedResponses), answer > 7 {
            agreed = name == "websocket" ? "SPDY/3.1" : "h2c"
        } else {
            agreed = answer < 2 ? nil : name
        }
        var clientEnds = Ending.finish
        var serverEnds = random.pick([Ending.finish, .finishLast])
        if serverEnds == .finish, random.chance(50) { clientEnds = .finishLast }
        // What clients do in their other requests they do here, too.
        if scenario.has(.upstreamStalls), random.chance(25) { serverEnds = .stall }
        if scenario.has(.upstreamResets), random.chance(25) { serverEnds = .reset }
        if scenario.has(.upstreamCloses), random.chance(25) { serverEnds = .leave }
        if scenario.has(.clientsStall), random.chance(25) { clientEnds = .stall }
        let bytes = (0..<2).map { Pattern.bytes(id &* 11 &+ $0 &+ 3, count: Self.size(&random)) }
        client = Side(
            bytes[0], clientEnds, slow: scenario.has(.clientsReadSlowly) && random.chance(40), random: &random)
        server = Side(bytes[1], serverEnds, slow: scenario.has(.upstreamSlow) && random.chance(40), random: &random)
        early = random.chance(40) ? random.within(0...min(client.count, 300)) : 0
    }

    private static func size(_ random: inout Random) -> Int {
        switch random.below(10) {
        case 0: 0
        case 1...5: random.within(1...300)
        case 6...8: random.within(300...6_000)
        default: random.within(6_000...40_000)
        }
    }
}
