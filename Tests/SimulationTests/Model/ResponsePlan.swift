// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the API server answers to one request, byte for byte, and how.
struct ResponsePlan {
    enum Ending: Equatable {
        /// The response is whole, and the connection stays.
        case keep
        /// The response is whole, and FIN follows.
        case finish
        /// The response stops in the middle: nothing more, FIN, or RST.
        case stall
        case cut
        case reset
    }

    let status: Int
    /// What the client must get, if it gets all of it.
    let body: [UInt8]
    /// Interim responses that come first.
    let interims: [Int]
    /// The bytes that the server sends in all.
    let wire: [UInt8]
    let ending: Ending
    /// Whether a client may ever see it end properly.
    let isWhole: Bool
    /// Bytes at a time, and the pause between.
    let pace: Int
    let pause: Duration
    let delay: Duration
    /// The answer begins before all of the request is read, and the rest is not read either.
    let isEarly: Bool
    /// So many bytes of the request's body are read, and then nothing more, for ever.
    let stopsReadingAt: Int
    /// The next request on this connection is answered by a reset.
    let resetsNext: Bool

    init(
        id: Int, scenario: Scenario, method: String, watches: Bool, bodySize: Int, random: inout Random
    ) {
        let isHead = method == "HEAD"
        let empty = !watches && random.chance(10)
        let status = empty ? random.pick([204, 304]) : random.pick([200, 200, 200, 201, 404, 409, 500])
        self.status = status
        let content = empty ? [] : Pattern.bytes(id &* 7 &+ 1, count: Self.size(&random))
        body = isHead ? [] : content
        interims = scenario.has(.interimResponses) && random.chance(40) ? random.pick([[100], [103], [102, 103]]) : []
        var wire: [UInt8] = []
        for interim in interims { wire += Array("HTTP/1.1 \(interim) Soon\r\nX-Interim: yes\r\n\r\n".utf8) }
        let kind = random.below(10)
        var isUntilClose = false
        var head = "HTTP/1.1 \(status) Fine\r\nX-Sim: \(id)\r\nContent-Type: text/plain\r\n"
        var isBroken = false
        var extra: [UInt8] = []
        var sent = content
        if empty {
            if status == 304, random.chance(50) { head += "Content-Length: 77\r\n" }
        } else if kind < 5 {
            var length = content.count
            if scenario.has(.wrongLengths), random.chance(30), !isHead {
                // Too many bytes can only be told from the next answer when they come along with the end.
                if random.chance(50) || scenario.has(.partialReadsAndWrites) || length > 1_000 {
                    length += random.within(1...50)
                    isBroken = true
                } else {
                    extra = Array("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL".utf8)
                }
            }
            head += "Content-Length: \(length)\r\n"
        } else if kind < 9 {
            head += "Transfer-Encoding: chunked\r\n"
            isBroken = !isHead && scenario.has(.malformedResponses) && random.chance(20)
            sent = RequestPlan.encode(content, .chunked, broken: isBroken, &random)
        } else {
            isUntilClose = !isHead
        }
        if scenario.has(.malformedResponses), random.chance(12) {
            head += random.pick(["Bad Name: x\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n", "X: a\r\n b\r\n"])
            isBroken = true
        }
        let announcesClose = random.chance(8)
        if announcesClose { head += "Connection: close\r\n" }
        wire += Array((head + "\r\n").utf8)
        if !isHead { wire += sent + extra }

        var ending = Ending.keep
        if isUntilClose || announcesClose { ending = .finish }
        if scenario.has(.keptConnectionsClose), random.chance(20) { ending = .finish }
        var stops: [Ending] = []
        if scenario.has(.upstreamStalls) { stops.append(.stall) }
        if scenario.has(.upstreamResets) { stops.append(.reset) }
        // A body that ends with its connection cannot be told from a cut one.
        if scenario.has(.upstreamCloses), !isUntilClose { stops.append(.cut) }
        if watches, !scenario.troubles.isEmpty { stops.append(.stall) }
        if extra.isEmpty, !stops.isEmpty, random.chance(watches ? 70 : 25) {
            let kept = random.below(wire.count)
            wire.removeSubrange(kept...)
            ending = random.pick(stops)
            isBroken = true
        } else if isBroken, random.chance(70) {
            ending = random.pick([.cut, .stall])
        }
        self.wire = wire
        self.ending = ending
        isWhole = !isBroken
        let slow = scenario.has(.upstreamSlow) && random.chance(40)
        pace = !extra.isEmpty ? 100_000 : slow ? random.pick([1, 20, 500]) : random.pick([200, 5_000, 100_000])
        pause = slow ? random.milliseconds(10...900) : random.microseconds(10...2_000)
        delay = slow ? random.milliseconds(50...7_000) : random.microseconds(50...20_000)
        isEarly = scenario.has(.earlyResponses) && bodySize > 0 && random.chance(40)
        stopsReadingAt =
            scenario.has(.upstreamStalls) && bodySize > 0 && random.chance(30) ? random.below(bodySize) : .max
        resetsNext = scenario.has(.keptConnectionsClose) && random.chance(25)
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
