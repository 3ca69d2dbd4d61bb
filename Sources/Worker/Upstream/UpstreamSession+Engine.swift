// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the engine tells while it reads or writes. Here it is only noted.
extension UpstreamSession: HTTP2EngineOwner {
    func settingsArrived() { settingsArrivedNow = true }

    func pingAnswered() {}

    func goAwayArrived() { isGoingAway = true }

    func blockBegins(_ id: Int32) {
        blockSize = 0
        streams[id]?.headBegins(&head, &trailers)
    }

    func field(_ name: ByteView, _ value: ByteView, of id: Int32) -> Bool {
        blockSize += name.count + value.count + 32
        guard blockSize <= Self.headLimits.head * HTTP2Limits.oversizedHeadFactor else {
            return budget.spend(AbuseBudget.oversizedHeadCost, on: .headFlood, now: plane.reactor.now)
        }
        streams[id]?.field(name, value, &head, &trailers)
        return true
    }

    func blockEnds(_ id: Int32, endsStream: Bool) {
        guard let stream = streams[id] else { return }
        if let fault = stream.headEnds(endsStream: endsStream, &head, trailers) { breaks(id, fault) }
        note(stream)
    }

    func dataArrived(_ data: ByteView, of id: Int32) {
        engine.consumedByConnection(data.count)
        guard let stream = streams[id] else { return }
        stream.take(data)
        note(stream)
    }

    func streamEnded(_ id: Int32) {
        guard let stream = streams[id] else { return }
        stream.ended()
        note(stream)
    }

    func ruleBroken(on id: Int32) {}

    func resetProvoked(on id: Int32) {
        if broken[id] == nil { broken[id] = .invalidStream }
        _ = budget.spend(AbuseBudget.provokedResetCost, on: .provokedReset, now: plane.reactor.now)
    }

    func streamClosed(_ id: Int32, code: UInt32) {
        let fault = broken.removeValue(forKey: id)
        guard let stream = streams[id] else { return }
        if let fault { return closed.append((stream, .invalid(fault))) }
        guard code == HTTP2Code.refusedStream.rawValue else { return closed.append((stream, .ended)) }
        // So many are too many for it, whatever its SETTINGS say.
        if !isGoingAway { limit = max(1, min(limit, streams.count - 1)) }
        closed.append((stream, .unprocessed))
    }

    func goAwayWritten(_ code: UInt32) {}

    func responseCameFirst(on id: Int32) {}

    func stream(_ id: Int32) -> (any HTTP2BodySource)? { streams[id] }

    /// The response broke a rule that nghttp2 does not know: the stream is reset, and its request answered for.
    private func breaks(_ id: Int32, _ fault: HTTPFault) {
        broken[id] = fault
        engine.reset(id, .protocolError)
    }
}
