// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the engine tells while it reads or writes. Here it is only noted: `afterReading` and the writer act on it.
extension HTTP2Session: HTTP2EngineOwner {
    func settingsArrived() { deadlines.prefaceArrived(now: plane.reactor.now) }

    func pingAnswered() {
        if deadlines.awaitsGoAway { sendGoAway() }
    }

    func blockBegins(_ id: Int32) {
        deadlines.headBegan(now: plane.reactor.now)
        blockSize = 0
        if let known = streams[id] {
            block = known
            trailers = TrailerBuilder()
        } else {
            let stream = HTTP2Stream(id, of: self)
            head.begin()
            streams[id] = stream
            block = stream
        }
    }

    func field(_ name: ByteView, _ value: ByteView, of id: Int32) -> Bool {
        blockSize += name.count + value.count + 32
        guard blockSize <= plane.limits.head * HTTP2Limits.oversizedHeadFactor else {
            // Few bytes may stand for very many: not even the rest of what was read already is looked at.
            return budget.spend(AbuseBudget.oversizedHeadCost, on: .headFlood, now: plane.reactor.now)
        }
        guard let stream = block, stream.id == id, !stream.isClosed else { return true }
        if stream.isBeginning {
            head.add(name, value, to: stream.receive)
        } else {
            trailers.add(name, value)
        }
        return true
    }

    func blockEnds(_ id: Int32, endsStream: Bool) {
        deadlines.headEnded()
        block = nil
        guard let stream = streams[id] else { return }
        guard stream.isBeginning else {
            do throws(HTTPFault) {
                stream.requestEnded(trailers: try trailers.finish())
                notes.touch(stream)
            } catch {
                notes.broken.append((stream, error))
            }
            return
        }
        stream.isBeginning = false
        head.finish(endsStream: endsStream, to: stream.receive)
        stream.headRefusal = head.fault
        stream.isHead = head.isHead
        if endsStream { stream.requestEnded(trailers: []) }
        if head.lacksMemory { notes.starved.append(stream) } else { notes.arrived.append(stream) }
    }

    func dataArrived(_ data: ByteView, of id: Int32) {
        engine.consumedByConnection(data.count)
        guard let stream = streams[id] else { return }
        // Nobody wants it any more, but its sender must not stall over it.
        if stream.wantsData, !stream.take(data) {
            notes.starved.append(stream)
        } else if !stream.wantsData, !stream.isLingering {
            engine.consumed(data.count, by: id)
        }
        notes.touch(stream)
    }

    func streamEnded(_ id: Int32) {
        guard let stream = streams[id] else { return }
        stream.requestEnded(trailers: [])
        notes.touch(stream)
    }

    func ruleBroken(on id: Int32) { deadlines.headEnded() }

    func resetProvoked(on id: Int32) {
        _ = budget.spend(AbuseBudget.provokedResetCost, on: .provokedReset, now: plane.reactor.now)
    }

    func streamClosed(_ id: Int32, code: UInt32) {
        guard let stream = streams[id] else { return }
        stream.isClosed = true
        notes.closed.append((stream, code))
    }

    /// The answer to a PING behind the notice tells that the notice was read, and that nothing more is on its way that
    /// has not heard of it. (Submitted together with the notice, it would be sent before it: nghttp2 prefers PING.)
    func goAwayWritten(_ code: UInt32) {
        // Not our own idea: the client broke a rule that concerns the whole connection.
        if code != HTTP2Code.noError.rawValue, !isCondemned { plane.panel.add(.http2ProtocolErrors) }
        if deadlines.awaitsGoAway, !goAwaySent { engine.ping() }
    }

    func responseCameFirst(on id: Int32) {
        guard let stream = streams[id], !stream.isClosed else { return }
        stream.isLingering = true
        lingering.append((stream, plane.reactor.now + HTTP2Limits.requestLinger))
        deadlines.lingers(until: lingering[0].until)
    }

    func stream(_ id: Int32) -> (any HTTP2BodySource)? { streams[id] }
}
